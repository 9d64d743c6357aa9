-- grain: order placed by as_of, cancelled ones included; amounts in the reporting currency; not additive over cancelled orders
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__identified'}) }}

with

orders as (

    select
        *,
        {{ business_date('ordered_at') }} as ordered_on
    from {{ ref('stg_orders') }}
    {{ where_touched('touched_orders__identified', 'order_id') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

visible as (

    select
        orders.*,
        exchange_rates.rate as exchange_rate
    from orders
    left join exchange_rates
        on orders.currency = exchange_rates.currency
        and orders.ordered_on = exchange_rates.day
    where orders.ordered_on <= {{ as_of() }}

)

select
    visible.order_id,
    coalesce(identities.person_id, concat('guest:', visible.order_id)) as person_id,
    identities.person_id is null as is_guest,
    visible.ordered_at,
    visible.ordered_on,
    visible.status,
    {{ is_listed('visible.status', 'orders_cancelled_statuses') }} as is_cancelled,
    {{ in_reporting_currency('visible.net_amount', 'visible.exchange_rate') }} as net_amount,
    {{ in_reporting_currency('visible.gross_amount', 'visible.exchange_rate') }} as gross_amount,
    {{ in_reporting_currency('visible.discount_amount', 'visible.exchange_rate') }} as discount_amount,
    {{ in_reporting_currency('visible.tax_amount', 'visible.exchange_rate') }} as tax_amount,
    {{ in_reporting_currency('visible.shipping_amount', 'visible.exchange_rate') }} as shipping_amount,
    {{ in_reporting_currency('visible.shipping_cost', 'visible.exchange_rate') }} as shipping_cost_amount,
    {{ in_reporting_currency('visible.payment_fee', 'visible.exchange_rate') }} as payment_fee_amount,
    visible.currency as source_currency,
    visible.exchange_rate,
    visible.channel,
    visible.brand,
    visible.campaign_id,
    visible.coupon_code,
    visible.partner_id,
    visible.payment_fingerprint
from visible
left join identities
    on visible.contact_ref = identities.source_ref
