-- grain: order line; amounts are additive, but lines need not add up to their order where the source leaves some out
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__valued'}) }}

with

order_lines as (

    select * from {{ ref('int_order_lines__costed') }}
    {{ where_touched('touched_orders__valued', 'order_id') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

sums as (

    select
        order_id,
        case when count(*) = count(revenue_amount) then sum(revenue_amount) end as lines_amount
    from order_lines
    group by order_id

),

-- a discount on the order that its lines do not hold: they add up to more than the order, by just that discount
owed as (

    select
        orders.order_id,
        coalesce(orders.shipping_cost_amount, 0) + coalesce(orders.payment_fee_amount, 0) as order_costs_amount,
        orders.refunded_amount,
        case
            when orders.discount_amount > 0 and abs(sums.lines_amount - orders.revenue_amount - orders.discount_amount) <= 0.05
                then greatest(sums.lines_amount - orders.revenue_amount, 0)
            else 0
        end as order_discount_amount
    from {{ ref('int_orders__valued') }} as orders
    inner join sums
        on orders.order_id = sums.order_id
    where not orders.is_cancelled

),

-- only orders that have something to share out
shared as (

    select * from owed
    where order_costs_amount > 0 or refunded_amount > 0 or order_discount_amount > 0

),

weighed as (

    select
        order_lines.order_id,
        order_lines.line_no,
        shared.order_costs_amount,
        shared.refunded_amount,
        shared.order_discount_amount,
        coalesce(order_lines.revenue_amount, 0) as weight,
        sum(coalesce(order_lines.revenue_amount, 0)) over (partition by order_lines.order_id) as total_weight,
        count(*) over (partition by order_lines.order_id) as lines_count,
        sum(coalesce(order_lines.revenue_amount, 0)) over lines_so_far as weight_so_far,
        count(*) over lines_so_far as lines_so_far_count
    from order_lines
    inner join shared
        on order_lines.order_id = shared.order_id
    window
        lines_so_far as (
            partition by order_lines.order_id
            order by order_lines.line_no asc nulls last
            rows between unbounded preceding and current row
        )

),

shares as (

    select
        order_id,
        line_no,
        order_costs_amount,
        refunded_amount,
        order_discount_amount,
        case
            when total_weight > 0 then {{ as_ratio('weight_so_far') }} / nullif({{ as_ratio('total_weight') }}, 0)
            else {{ as_ratio('lines_so_far_count') }} / nullif(lines_count, 0)
        end as share_so_far,
        case
            when total_weight > 0 then {{ as_ratio('weight_so_far - weight') }} / nullif({{ as_ratio('total_weight') }}, 0)
            else {{ as_ratio('lines_so_far_count - 1') }} / nullif(lines_count, 0)
        end as share_before
    from weighed

),

-- rounding the running total, not the parts, keeps the sum over the lines exact to the cent
allocated as (

    select
        order_id,
        line_no,
        cast(round(order_costs_amount * share_so_far, 2) as decimal(18, 2))
        - cast(round(order_costs_amount * share_before, 2) as decimal(18, 2)) as order_costs_amount,
        cast(round(refunded_amount * share_so_far, 2) as decimal(18, 2))
        - cast(round(refunded_amount * share_before, 2) as decimal(18, 2)) as refunded_amount,
        cast(round(order_discount_amount * share_so_far, 2) as decimal(18, 2))
        - cast(round(order_discount_amount * share_before, 2) as decimal(18, 2)) as order_discount_amount
    from shares

),

joined as (

    select
        order_lines.order_id,
        order_lines.line_no,
        order_lines.person_id,
        order_lines.ordered_on,
        order_lines.is_cancelled,
        order_lines.product_id,
        products.name as product_name,
        products.category as product_category,
        order_lines.quantity,
        order_lines.discount_amount,
        order_lines.net_amount,
        coalesce(allocated.order_discount_amount, 0) as order_discount_amount,
        order_lines.revenue_amount - coalesce(allocated.order_discount_amount, 0) as revenue_amount,
        order_lines.cost_of_goods_amount,
        order_lines.is_cost_assumed,
        coalesce(allocated.order_costs_amount, 0) as order_costs_amount,
        coalesce(allocated.refunded_amount, 0) as refunded_amount
    from order_lines
    left join products
        on order_lines.product_id = products.product_id
    left join allocated
        on order_lines.order_id = allocated.order_id
        and order_lines.line_no = allocated.line_no

)

select
    order_id,
    line_no,
    person_id,
    ordered_on,
    is_cancelled,
    product_id,
    product_name,
    product_category,
    quantity,
    discount_amount,
    net_amount,
    cast(order_discount_amount as decimal(18, 2)) as order_discount_amount,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(cost_of_goods_amount as decimal(18, 2)) as cost_of_goods_amount,
    is_cost_assumed and cost_of_goods_amount is not null as margin_is_assumed,
    cast(order_costs_amount as decimal(18, 2)) as order_costs_amount,
    cast(revenue_amount - cost_of_goods_amount - order_costs_amount as decimal(18, 2)) as margin_by_event_date_amount,
    cast(revenue_amount - cost_of_goods_amount - order_costs_amount - refunded_amount as decimal(18, 2))
        as margin_by_order_date_amount
from joined
