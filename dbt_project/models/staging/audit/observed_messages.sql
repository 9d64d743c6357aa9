-- grain: message and code of what should be known of its sending; no row of a message of which there is nothing to say
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='event_id', meta={'touched_by': 'touched_messages__observed'}) }}

with

messages as (

    select
        event_id,
        contact_ref,
        lower(trim(channel)) as channel,
        occurred_at,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_contact_events') }}
    where
        row_status = 'accepted'
        and lower(trim(kind)) = 'message_sent'
        {{ and_touched('touched_messages__observed', 'event_id') }}

),

unsubscribed as (

    select
        contact_ref,
        lower(trim(channel)) as channel,
        occurred_at
    from {{ ref('base_contact_events') }}
    where row_status = 'accepted' and lower(trim(kind)) = 'unsubscribed'

),

consents as (

    select
        contact_id,
        lower(trim(channel)) as channel,
        purpose,
        changed_at,
        granted
    from {{ ref('base_consents') }}
    where row_status = 'accepted'

),

-- a consent lasts until the next change for the same channel and purpose
consent_spans as (

    select
        contact_id,
        channel,
        granted,
        changed_at as granted_at,
        lead(changed_at) over (partition by contact_id, channel, purpose order by changed_at asc nulls first) as ended_at
    from consents

),

-- an open end is a far one: with an `or` in its condition, the engine would compare every message with every consent
granted_spans as (

    select
        contact_id,
        channel,
        granted_at,
        coalesce(ended_at, cast(date '9999-12-31' as timestamp)) as ended_at
    from consent_spans
    where granted

),

-- an unsubscription lasts until the next consent for its channel
unsubscribed_spans as (

    select
        unsubscribed.contact_ref,
        unsubscribed.channel,
        unsubscribed.occurred_at as unsubscribed_at,
        min(consents.changed_at) as ended_at
    from unsubscribed
    left join consents
        on unsubscribed.contact_ref = consents.contact_id
        and unsubscribed.channel = consents.channel
        and consents.granted
        and consents.changed_at > unsubscribed.occurred_at
    group by unsubscribed.contact_ref, unsubscribed.channel, unsubscribed.occurred_at

),

-- channels for which consents are kept: elsewhere their absence says nothing
consent_channels as (

    select channel
    from consents
    group by channel

)

-- a message after two unsubscriptions was sent after one of them
select distinct
    messages.event_id,
    'SENT_AFTER_UNSUBSCRIBE' as code,
    messages._source,
    messages._batch_id,
    messages._file,
    messages._row_no
from messages
inner join unsubscribed_spans
    on messages.contact_ref = unsubscribed_spans.contact_ref
    and messages.channel is not distinct from unsubscribed_spans.channel
    and messages.occurred_at > unsubscribed_spans.unsubscribed_at
    and (messages.occurred_at < unsubscribed_spans.ended_at or unsubscribed_spans.ended_at is null)
union all
select
    messages.event_id,
    'SENT_WITHOUT_CONSENT' as code,
    messages._source,
    messages._batch_id,
    messages._file,
    messages._row_no
from messages
inner join consent_channels
    on messages.channel = consent_channels.channel
left join granted_spans
    on messages.contact_ref = granted_spans.contact_id
    and messages.channel = granted_spans.channel
    and messages.occurred_at >= granted_spans.granted_at
    and messages.occurred_at < granted_spans.ended_at
where granted_spans.contact_id is null
