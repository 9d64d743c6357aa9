-- grain: order that may be another: its rows were judged anew, it belongs to another person, its rate changed, or its day may be in sight only now
{%- set identities, identities_before = ref('int_identities'), source('basis_intermediate', 'int_identities') %}
{%- set daily, daily_before = ref('int_exchange_rates__daily'), source('basis_intermediate', 'int_exchange_rates__daily') %}
{%- set basis = source('control', 'basis') %}
{%- set landed, orders = ref('touched_orders__landed'), ref('stg_orders') %}
{%- if is_increment() %}

with

refs as (

    {{ differing(
        'select source_ref, person_id from ' ~ identities,
        'select source_ref, person_id from ' ~ identities_before,
    ) | indent(4) }}

),

rates as (

    {{ differing(
        'select currency, day, rate from ' ~ daily,
        'select currency, day, rate from ' ~ daily_before,
    ) | indent(4) }}

)

select order_id
from {{ landed }}
union
select order_id
from {{ orders }}
where contact_ref in (select source_ref from refs)
union
select orders.order_id
from {{ orders }} as orders
inner join rates
    on orders.currency = rates.currency
    and {{ business_date('orders.ordered_at') }} = rates.day
where
    orders.currency <> {{ setting('company_currency') }}
    and orders.ordered_at >= (select {{ add_days('min(day)', -1) }} from rates)
union
select order_id
from {{ orders }}
where {{ is_in_sight_since('ordered_at', basis) }}
{%- else %}

{{ nothing_touched('order_id') }}
{%- endif %}
