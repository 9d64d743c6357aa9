-- Assumes that the two clocks of a refund tell one story: revenue by order date (orders less their refunds) equals revenue by event date
-- (orders, and refunds on their own day). If a refund were counted on one side only, finance and the cohorts would drift apart for ever.
with

orders as (

    select
        coalesce(sum(revenue_amount), 0) as ordered_amount,
        coalesce(sum(refunded_amount), 0) as refunded_amount
    from {{ ref('fct_orders') }}

),

refunds as (

    select coalesce(sum(revenue_amount), 0) as revenue_amount
    from {{ ref('fct_refunds') }}

)

select
    orders.refunded_amount,
    refunds.revenue_amount
from orders
cross join refunds
where orders.refunded_amount + refunds.revenue_amount <> 0
