-- grain: order placed by as_of; revenue, cost and both margins; nothing counts of a cancelled order
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__valued'}) }}

with

orders as (

    select * from {{ ref('int_orders__identified') }}
    {{ where_touched('touched_orders__valued', 'order_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines__costed') }}
    {{ where_touched('touched_orders__valued', 'order_id') }}

),

refunds as (

    select * from {{ ref('int_refunds__dated') }}

),

costs as (

    select
        order_id,
        count(*) as lines_count,
        count(cost_of_goods_amount) as costed_lines_count,
        bool_or(is_cost_assumed) as is_cost_assumed,
        bool_or(discount_amount > 0) as has_line_discount,
        sum(cost_of_goods_amount) as cost_of_goods_amount
    from order_lines
    group by order_id

),

refunded as (

    select
        order_id,
        sum(refunded_amount) as refunded_amount
    from refunds
    where is_order_known
    group by order_id

),

joined as (

    select
        orders.*,
        coalesce(costs.lines_count, 0) as lines_count,
        case when orders.is_cancelled then 0 else orders.net_amount end as revenue_amount,
        case
            when orders.is_cancelled then 0
            when costs.costed_lines_count = costs.lines_count then costs.cost_of_goods_amount
            else {{ assumed_cost('orders.net_amount') }}
        end as cost_of_goods_amount,
        not orders.is_cancelled
        and (coalesce(costs.is_cost_assumed, true) or costs.costed_lines_count < costs.lines_count) as is_cost_assumed,
        coalesce(refunded.refunded_amount, 0) as refunded_amount,
        coalesce(costs.has_line_discount, false) as has_line_discount
    from orders
    left join costs
        on orders.order_id = costs.order_id
    left join refunded
        on orders.order_id = refunded.order_id

),

margins as (

    select
        *,
        revenue_amount - cost_of_goods_amount
        - case when is_cancelled then 0 else coalesce(shipping_cost_amount, 0) + coalesce(payment_fee_amount, 0) end
            as margin_before_refunds_amount
    from joined

)

select
    order_id,
    person_id,
    is_guest,
    ordered_at,
    ordered_on,
    status,
    is_cancelled,
    channel,
    brand,
    campaign_id,
    coupon_code,
    partner_id,
    source_currency,
    lines_count,
    net_amount,
    gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    shipping_cost_amount,
    payment_fee_amount,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(cost_of_goods_amount as decimal(18, 2)) as cost_of_goods_amount,
    is_cost_assumed and cost_of_goods_amount is not null as margin_is_assumed,
    cast(margin_before_refunds_amount as decimal(18, 2)) as margin_by_event_date_amount,
    cast(margin_before_refunds_amount - refunded_amount as decimal(18, 2)) as margin_by_order_date_amount,
    coalesce(discount_amount > 0, false) or has_line_discount or coupon_code is not null as is_promoted
from margins
