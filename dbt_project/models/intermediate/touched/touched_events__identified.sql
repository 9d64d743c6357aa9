-- grain: contact event that may be another: its rows were judged anew, it belongs to another person, or its day may be in sight only now
{%- set identities, identities_before, basis = ref('int_identities'), source('basis_intermediate', 'int_identities'), source('control', 'basis') %}
{%- set landed, events = ref('touched_events__landed'), ref('stg_contact_events') %}
{%- if is_increment() %}

with

refs as (

    {{ differing(
        'select source_ref, person_id from ' ~ identities,
        'select source_ref, person_id from ' ~ identities_before,
    ) | indent(4) }}

)

select event_id
from {{ landed }}
union
select event_id
from {{ events }}
where contact_ref in (select source_ref from refs)
union
select event_id
from {{ events }}
where {{ is_in_sight_since('occurred_at', basis) }}
{%- else %}

{{ nothing_touched('event_id') }}
{%- endif %}
