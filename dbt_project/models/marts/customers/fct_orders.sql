-- grain: order; revenue and margins are additive, net_amount is not (cancelled orders keep theirs)
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__valued'}) }}

with

orders as (

    select * from {{ ref('int_orders__valued') }}
    {{ where_touched('touched_orders__valued', 'order_id') }}

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
    is_promoted,
    lines_count,
    source_currency,
    net_amount,
    gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    shipping_cost_amount,
    payment_fee_amount,
    revenue_amount,
    refunded_amount,
    cost_of_goods_amount,
    margin_is_assumed,
    margin_by_event_date_amount,
    margin_by_order_date_amount
from orders
