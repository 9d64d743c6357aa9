-- grain: contact event that happened by as_of, with its person
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='event_id', meta={'touched_by': 'touched_events__identified'}) }}

with

contact_events as (

    select
        *,
        {{ business_date('occurred_at') }} as occurred_on
    from {{ ref('stg_contact_events') }}
    {{ where_touched('touched_events__identified', 'event_id') }}

),

identities as (

    select * from {{ ref('int_identities') }}

)

select
    contact_events.event_id,
    coalesce(identities.person_id, concat('guest-event:', contact_events.event_id)) as person_id,
    contact_events.occurred_at,
    contact_events.occurred_on,
    contact_events.kind,
    contact_events.channel,
    contact_events.campaign_id,
    contact_events.message_id,
    contact_events.variant,
    contact_events.score,
    contact_events.product_id,
    contact_events.cost,
    contact_events.is_suspect
from contact_events
left join identities
    on contact_events.contact_ref = identities.source_ref
where contact_events.occurred_on <= {{ as_of() }}
