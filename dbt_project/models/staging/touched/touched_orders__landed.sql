-- grain: order whose landed rows are judged anew: new ones came, or what their rules ask of contacts and currencies is other than it was
{%- set arrived, orders = source('arrived', 'orders'), source('basis', 'base_orders') %}
{%- set contacts, contacts_before = ref('base_contacts'), source('basis', 'base_contacts') %}
{%- set rates, rates_before = ref('base_exchange_rates'), source('basis', 'base_exchange_rates') %}
{%- if is_increment() %}

with

came as (

    select order_id from {{ arrived }}

),

merged as (

    {{ differing(
        'select contact_id from ' ~ contacts ~ " where row_status = 'accepted' and merged_into is not null",
        'select contact_id from ' ~ contacts_before ~ " where row_status = 'accepted' and merged_into is not null",
    ) | indent(4) }}

),

rated as (

    {{ differing(
        'select _rated_currency, _rated_day from (' ~ rated_days(rates) ~ ') as rated_now',
        'select _rated_currency, _rated_day from (' ~ rated_days(rates_before) ~ ') as rated_before',
    ) | indent(4) }}

)

select order_id
from came
where order_id is not null
union
select order_id
from {{ orders }}
where order_id is not null and contact_ref in (select contact_id from merged)
union
select orders.order_id
from {{ orders }} as orders
inner join rated
    on upper(trim(orders.currency)) = rated._rated_currency
    and {{ business_date('orders.ordered_at') }} = rated._rated_day
where
    orders.order_id is not null
    and orders.ordered_at >= (select {{ add_days('min(_rated_day)', -1) }} from rated)
{%- else %}

{{ nothing_touched('order_id') }}
{%- endif %}
