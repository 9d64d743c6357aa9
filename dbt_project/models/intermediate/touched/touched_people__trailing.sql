-- grain: person of whom the last twelve months may be others: something of theirs is touched, or something of theirs has left these months since
{%- set people, basis = ref('touched_people'), source('control', 'basis') %}
{%- set orders, refunds, events = ref('int_orders__valued'), ref('int_refunds__dated'), ref('int_contact_events__identified') %}
{%- if is_increment() %}

with

bounds as (

    select
        {{ add_months('as_of', -12) }} as trailed_from,
        {{ add_months(as_of(), -12) }} as trails_from
    from {{ basis }}

)

select person_id
from {{ people }}
{%- for table, day in ((orders, 'ordered_on'), (refunds, 'refunded_on'), (events, 'occurred_on')) %}
union
select person_id
from {{ table }}
where
    {{ day }} > (select trailed_from from bounds)
    and {{ day }} <= (select trails_from from bounds)
    and person_id is not null
{%- endfor %}
{%- else %}

{{ nothing_touched('person_id') }}
{%- endif %}
