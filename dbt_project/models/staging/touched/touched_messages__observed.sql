-- grain: message that may be observed otherwise: its rows were judged anew, or what its contact has consented to or unsubscribed from is other than it was
{%- set events, events_before = ref('base_contact_events'), source('basis', 'base_contact_events') %}
{%- set consents, consents_before = ref('base_consents'), source('basis', 'base_consents') %}
{%- set landed = ref('touched_events__landed') %}
{%- set said = "select contact_id, lower(trim(channel)) as channel, purpose, changed_at, granted from " %}
{%- set kept = "select lower(trim(channel)) as channel from " %}
{%- set accepted = " where row_status = 'accepted'" %}
{%- if is_increment() %}

with

other_consents as (

    {{ differing(said ~ consents ~ accepted, said ~ consents_before ~ accepted) | indent(4) }}

),

-- the first consent for a channel makes every message on it one that should have had a consent
other_channels as (

    {{ differing(kept ~ consents ~ accepted, kept ~ consents_before ~ accepted) | indent(4) }}

),

contacts as (

    select contact_id as contact_ref
    from other_consents
    {%- for table in [events, events_before] %}
    union
    select contact_ref
    from {{ table }}
    where lower(trim(kind)) = 'unsubscribed' and event_id in (select event_id from {{ landed }})
    {%- endfor %}

)

select event_id
from {{ landed }}
union
select event_id
from {{ events }}
where
    row_status = 'accepted'
    and lower(trim(kind)) = 'message_sent'
    and (
        contact_ref in (select contact_ref from contacts)
        or lower(trim(channel)) in (select channel from other_channels)
    )
{%- else %}

{{ nothing_touched('event_id') }}
{%- endif %}
