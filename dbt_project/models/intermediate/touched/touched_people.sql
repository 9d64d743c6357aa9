-- grain: person to whom an order, a refund or a contact event belongs, or belonged, that may be another than it was
{%- set orders, orders_before = ref('int_orders__valued'), source('basis_intermediate', 'int_orders__valued') %}
{%- set events, events_before = ref('int_contact_events__identified'), source('basis_intermediate', 'int_contact_events__identified') %}
{%- set refunds, refunds_before = ref('int_refunds__dated'), source('basis_intermediate', 'int_refunds__dated') %}
{%- set of_orders, of_events = ref('touched_orders__valued'), ref('touched_events__identified') %}
{%- if is_increment() %}

with

other_refunds as (

    {{ differing('select * from ' ~ refunds, 'select * from ' ~ refunds_before) | indent(4) }}

)

select person_id
from {{ orders }}
where order_id in (select order_id from {{ of_orders }})
union
select person_id
from {{ orders_before }}
where order_id in (select order_id from {{ of_orders }})
union
select person_id
from {{ events }}
where event_id in (select event_id from {{ of_events }})
union
select person_id
from {{ events_before }}
where event_id in (select event_id from {{ of_events }})
union
select person_id
from other_refunds
where person_id is not null
{%- else %}

{{ nothing_touched('person_id') }}
{%- endif %}
