-- grain: entity, source and code of something that a reader should know of rows that were not set apart; no row where there is nothing to say

with

orders as (

    select
        order_id,
        contact_ref,
        ordered_at,
        status,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_orders') }}
    where row_status = 'accepted'

),

refunds as (

    select
        order_id,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_refunds') }}
    where row_status = 'accepted'

),

contacts as (

    select
        contact_id,
        created_at
    from {{ ref('base_contacts') }}
    where row_status = 'accepted'

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

decisions as (

    select
        contact_id,
        other_contact_id,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_identity_decisions') }}
    where row_status = 'accepted'

),

events as (

    select
        contact_ref,
        lower(trim(kind)) as kind,
        lower(trim(channel)) as channel,
        occurred_at,
        is_suspect,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_contact_events') }}
    where
        row_status = 'accepted'
        and (is_suspect or lower(trim(kind)) in ('message_sent', 'unsubscribed'))

),

messages as (

    select * from events
    where kind = 'message_sent'

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
        events.contact_ref,
        events.channel,
        events.occurred_at as unsubscribed_at,
        min(consents.changed_at) as ended_at
    from events
    left join consents
        on events.contact_ref = consents.contact_id
        and events.channel = consents.channel
        and consents.granted
        and consents.changed_at > events.occurred_at
    where events.kind = 'unsubscribed'
    group by events.contact_ref, events.channel, events.occurred_at

),

-- channels for which consents are kept: elsewhere their absence says nothing
consent_channels as (

    select channel
    from consents
    group by channel

),

-- the first and the last order of each batch
batch_edges as (

    select
        _source,
        _batch_id,
        min(_row_no) as first_row_no,
        max(_row_no) as last_row_no
    from {{ ref('base_orders') }}
    group by _source, _batch_id

),

edge_orders as (

    select
        orders.order_id,
        orders.row_status,
        orders.superseded_as,
        orders._source,
        orders._batch_id,
        orders._file,
        orders._row_no,
        batches.batch_no,
        orders._row_no = batch_edges.first_row_no as is_first,
        orders._row_no = batch_edges.last_row_no as is_last
    from {{ ref('base_orders') }} as orders
    inner join batch_edges
        on orders._source = batch_edges._source
        and orders._batch_id = batch_edges._batch_id
        and orders._row_no in (batch_edges.first_row_no, batch_edges.last_row_no)
    inner join {{ source('control', 'batches') }} as batches
        on orders._source = batches.source
        and orders._batch_id = batches.batch_id

),

-- one row per row and code; a message after two unsubscriptions is there twice
observed as (
{% for entity in landed_entities() %}
    select
        '{{ entity }}' as entity,
        'CONFLICTING_VERSION' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_' ~ entity) }}
    where superseded_as = 'conflict'
    union all
{%- endfor %}
{% for entity, key in {'orders': 'order_id', 'refunds': 'refund_id', 'contact_events': 'event_id'}.items() %}
    select
        '{{ entity }}' as entity,
        'REPEATED_CONTENT' as code,
        repeats._source,
        repeats._batch_id,
        repeats._file,
        repeats._row_no
    from {{ ref('base_' ~ entity) }} as repeats
    inner join {{ ref('base_' ~ entity) }} as kept
        on repeats.{{ key }} = kept.{{ key }}
        and repeats._batch_id <> kept._batch_id
    where
        repeats.superseded_as = 'repeat'
        and kept.row_status = 'accepted'
        and {{ is_content_key('repeats.' ~ key) }}
    union all
{%- endfor %}
    select
        'orders' as entity,
        'BEFORE_CONTACT' as code,
        orders._source,
        orders._batch_id,
        orders._file,
        orders._row_no
    from orders
    inner join contacts
        on orders.contact_ref = contacts.contact_id
        and orders.ordered_at < contacts.created_at
    union all
    select
        'orders' as entity,
        'UNKNOWN_STATUS' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from orders
    where
        status is not null
        and not {{ is_listed('status', 'orders_known_statuses') }}
        and not {{ is_listed('status', 'orders_cancelled_statuses') }}
    union all
    select
        'orders' as entity,
        'CUT_ORDER' as code,
        upper_part._source,
        upper_part._batch_id,
        upper_part._file,
        upper_part._row_no
    from edge_orders as upper_part
    inner join edge_orders as lower_part
        on upper_part._source = lower_part._source
        and upper_part.order_id = lower_part.order_id
        and upper_part.batch_no < lower_part.batch_no
    where
        upper_part.is_last
        and lower_part.is_first
        and lower_part.row_status = 'accepted'
        and upper_part.row_status = 'superseded'
        and upper_part.superseded_as in ('version', 'conflict')
    union all
    select
        'refunds' as entity,
        'WAITS_FOR_ORDER' as code,
        refunds._source,
        refunds._batch_id,
        refunds._file,
        refunds._row_no
    from refunds
    left join orders
        on refunds.order_id = orders.order_id
    where orders.order_id is null and refunds.order_id is not null
    union all
    select
        'identity_decisions' as entity,
        'UNKNOWN_CONTACT' as code,
        decisions._source,
        decisions._batch_id,
        decisions._file,
        decisions._row_no
    from decisions
    left join contacts
        on decisions.contact_id = contacts.contact_id
    left join contacts as others
        on decisions.other_contact_id = others.contact_id
    where contacts.contact_id is null or others.contact_id is null
    union all
    select
        'contact_events' as entity,
        'SUSPECT_EVENT' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from events
    where is_suspect
    union all
    select
        'contact_events' as entity,
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
        'contact_events' as entity,
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

),

counted_once as (

    select distinct -- see observed
        entity,
        code,
        _source,
        _batch_id,
        _file,
        _row_no
    from observed

),

numbered as (

    select
        counted_once.*,
        count(*) over (partition by entity, _source, code) as rows_count,
        row_number() over (
            partition by entity, _source, code
            order by _batch_id asc nulls last, _row_no asc nulls last, _file asc nulls last
        ) as example_no
    from counted_once

)

select
    entity,
    _source as source,
    code,
    rows_count,
    _batch_id as example_batch_id,
    _file as example_file,
    _row_no as example_row_no
from numbered
where example_no = 1
