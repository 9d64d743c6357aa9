-- grain: refund; revenue and margin are negative, so that they add to those of fct_orders by event date
with

refunds as (

    select * from {{ ref('int_refunds__dated') }}

)

select
    refund_id,
    order_id,
    person_id,
    is_order_known,
    is_order_assumed,
    refunded_at,
    refunded_on,
    ordered_on,
    reason,
    paid_back_amount,
    cast(refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(-refunded_amount as decimal(18, 2)) as revenue_amount,
    cast(-refunded_amount as decimal(18, 2)) as margin_by_event_date_amount
from refunds
