-- Assumes that sharing an order's refunds out to its lines loses no cent. If the rounding did, margin by product would not add up to margin
-- by order, and nobody would see where the difference comes from. Only orders that have something to share are looked at,
-- and in a night that goes on, those that it rebuilt.
with

orders as (

    select
        order_id,
        refunded_amount,
        coalesce(shipping_cost_amount, 0) + coalesce(payment_fee_amount, 0) as order_costs_amount
    from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and lines_count > 0
        and (refunded_amount > 0 or coalesce(shipping_cost_amount, 0) + coalesce(payment_fee_amount, 0) > 0)
        {{ and_touched('touched_orders__valued', 'order_id') }}

),

order_lines as (

    select
        order_lines.order_id,
        sum(order_lines.refunded_amount) as refunded_amount,
        sum(order_lines.order_costs_amount) as order_costs_amount
    from {{ ref('fct_order_lines') }} as order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    group by order_lines.order_id

)

select orders.order_id
from orders
left join order_lines
    on orders.order_id = order_lines.order_id
where
    orders.refunded_amount is distinct from order_lines.refunded_amount
    or orders.order_costs_amount is distinct from order_lines.order_costs_amount
