-- grain: person of whom a message may be another: something of theirs is touched, or a message of theirs may since have been ignored for long enough
{%- set people, basis = ref('touched_people'), source('control', 'basis') %}
{%- set events, events_before = ref('int_contact_events__identified'), source('basis_intermediate', 'int_contact_events__identified') %}
{%- set messages = source('basis_marts', 'message_reactions') %}
{%- set clock_ends_at = add_hours('coalesce(delivered_at, sent_at)', setting('reactions_ignored_after_hours')) %}
{%- if is_increment() %}

select person_id
from {{ people }}
union
select person_id
from {{ messages }}
where
    {{ is_in_sight_since(clock_ends_at, basis) }}
    or {{ is_delivery_told(events) }} <> {{ is_delivery_told(events_before) }}
{%- else %}

{{ nothing_touched('person_id') }}
{%- endif %}
