-- grain: order line of a known order; amounts in the reporting currency; a cancelled order's lines carry no revenue and no cost
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__valued'}) }}

with

order_lines as (

    select * from {{ ref('stg_order_lines') }}
    {{ where_touched('touched_orders__valued', 'order_id') }}

),

orders as (

    select * from {{ ref('int_orders__identified') }}

),

-- the open end gets a date: an `or` in the join would compare every line with every cost
product_costs as (

    select
        product_id,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        unit_cost
    from {{ ref('int_product_costs__dated') }}

),

valued as (

    select
        order_lines.order_id,
        order_lines.line_no,
        orders.person_id,
        orders.ordered_on,
        orders.is_cancelled,
        order_lines.product_id,
        order_lines.quantity,
        {{ in_reporting_currency('order_lines.discount_amount', 'orders.exchange_rate') }} as discount_amount,
        {{ in_reporting_currency(
            'coalesce(order_lines.net_amount, cast(round(' ~ wide('order_lines.quantity') ~ ' * order_lines.unit_price, 2) as decimal(18, 2))'
            ~ ' - coalesce(order_lines.discount_amount, 0))',
            'orders.exchange_rate',
        ) }} as net_amount,
        coalesce(
            {{ in_reporting_currency(
                'cast(round(' ~ wide('order_lines.quantity') ~ ' * order_lines.unit_cost, 2) as decimal(18, 2))', 'orders.exchange_rate',
            ) }},
            cast(round({{ wide('order_lines.quantity') }} * product_costs.unit_cost, 2) as decimal(18, 2))
        ) as known_cost_amount
    from order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    left join product_costs
        on order_lines.product_id = product_costs.product_id
        and orders.ordered_on >= product_costs.valid_from
        and orders.ordered_on < product_costs.valid_to

)

select
    order_id,
    line_no,
    person_id,
    ordered_on,
    is_cancelled,
    product_id,
    quantity,
    discount_amount,
    net_amount,
    case when is_cancelled then 0 else net_amount end as revenue_amount,
    case
        when is_cancelled then 0
        else coalesce(known_cost_amount, {{ assumed_cost('net_amount') }})
    end as cost_of_goods_amount,
    not is_cancelled
    and known_cost_amount is null
    and {{ setting('margin_assumed_rate') }} is not null as is_cost_assumed
from valued
