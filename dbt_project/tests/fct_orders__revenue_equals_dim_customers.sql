-- Assumes that facts and customers are two views of the same orders: each person's revenue in dim_customers is that of their orders in
-- fct_orders, net of refunds. If identity lost or doubled a person between the two, both marts would look right, and the totals by segment
-- would not add up to finance's.
{{ config(tags=['after_clv']) }}

with

from_orders as (

    select
        person_id,
        sum(revenue_amount - refunded_amount) as revenue_amount,
        count(*) filter (where not is_cancelled) as orders_count
    from {{ ref('fct_orders') }}
    group by person_id

),

from_customers as (

    select
        person_id,
        revenue_amount,
        orders_count
    from {{ ref('dim_customers') }}

)

select
    coalesce(from_orders.person_id, from_customers.person_id) as person_id,
    from_orders.revenue_amount as revenue_in_orders,
    from_customers.revenue_amount as revenue_in_customers
from from_orders
full outer join from_customers
    on from_orders.person_id = from_customers.person_id
where
    from_customers.person_id is null
    or coalesce(from_orders.revenue_amount, 0) is distinct from from_customers.revenue_amount
    or coalesce(from_orders.orders_count, 0) is distinct from from_customers.orders_count
