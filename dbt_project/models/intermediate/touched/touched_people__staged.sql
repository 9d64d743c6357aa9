-- grain: person of whom a month may be another: something of theirs is touched, or the stage in which a month ended is on record only now
{%- set people, basis = ref('touched_people'), source('control', 'basis') %}
{%- set months = source('basis_marts', 'customer_months') %}
{%- set ended_on = add_days(add_months('month', 1), -1) %}
{%- if is_increment() %}

select person_id
from {{ people }}
union
select person_id
from {{ months }}
where
    {{ ended_on }} >= (select as_of from {{ basis }})
    and {{ ended_on }} < {{ as_of() }}
{%- else %}

{{ nothing_touched('person_id') }}
{%- endif %}
