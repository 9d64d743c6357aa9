-- grain: message and person it went to; one row however often it was opened
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people__reacting'}) }}

with

people as (

    select * from {{ ref('int_people') }}

),

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    where is_suspect is not true
    {{ and_touched('touched_people__reacting', 'person_id') }}

),

clock as (

    select
        {{ as_of() }} as as_of,
        {{ setting('reactions_ignored_after_hours') }} as ignored_after_hours,
        {{ is_delivery_told(ref('int_contact_events__identified')) }} as is_delivery_told

),

messages as (

    select
        contact_events.message_id,
        contact_events.person_id,
        min(contact_events.channel) as channel,
        min(contact_events.campaign_id) as campaign_id,
        min(contact_events.variant) filter (where contact_events.kind = 'message_sent') as variant,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'message_sent') as sent_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'delivered') as told_delivered_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'opened') as opened_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'clicked') as read_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'unsubscribed') as unsubscribed_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'spam_complaint') as complained_at,
        min(contact_events.occurred_at) filter (where contact_events.kind = 'bounced') as bounced_at,
        min(contact_events.occurred_at) filter (
            where contact_events.kind = 'bounced' and coalesce(lower(trim(contact_events.variant)), '') <> 'soft'
        ) as hard_bounced_at
    from contact_events
    inner join people
        on contact_events.person_id = people.person_id
    where
        contact_events.message_id is not null
        and contact_events.kind in ('message_sent', 'delivered', 'opened', 'clicked', 'unsubscribed', 'spam_complaint', 'bounced')
    group by contact_events.message_id, contact_events.person_id

),

-- where no source tells of deliveries, what was sent and did not bounce arrived; what was opened arrived in any case
arrived as (

    select
        messages.*,
        clock.as_of,
        clock.ignored_after_hours,
        messages.told_delivered_at is null as is_delivery_derived,
        coalesce(
            messages.told_delivered_at,
            case when not clock.is_delivery_told and messages.bounced_at is null then messages.sent_at end,
            least(messages.opened_at, messages.read_at)
        ) as delivered_at
    from messages
    cross join clock

),

visits as (

    select
        person_id,
        occurred_at
    from contact_events
    where kind = 'visit'

),

-- deliveries and visits of a person in one line, so that each delivery finds the next visit without pairing all with all
line as (

    select
        person_id,
        message_id,
        delivered_at as stood_at,
        null as visit_at
    from arrived
    where delivered_at is not null
    union all
    select
        person_id,
        null as message_id,
        occurred_at as stood_at,
        occurred_at as visit_at
    from visits

),

followed as (

    select
        person_id,
        message_id,
        min(visit_at) over (
            partition by person_id
            order by stood_at asc nulls last, message_id asc nulls last
            rows between current row and unbounded following
        ) as next_visit_at
    from line

),

timed as (

    select
        arrived.*,
        case
            when followed.next_visit_at <= {{ add_hours('arrived.delivered_at', 'arrived.ignored_after_hours') }} then followed.next_visit_at
        end as visited_at,
        {{ add_hours('coalesce(arrived.delivered_at, arrived.sent_at)', 'arrived.ignored_after_hours') }} as clock_ends_at,
        least(arrived.unsubscribed_at, arrived.complained_at, arrived.hard_bounced_at) as rejected_at
    from arrived
    left join followed
        on arrived.message_id = followed.message_id
        and arrived.person_id = followed.person_id

),

judged as (

    select
        *,
        {{ business_date('clock_ends_at') }} <= as_of as is_clock_over,
        coalesce(least(opened_at, read_at, visited_at, rejected_at) <= clock_ends_at, false) as has_reacted_in_time
    from timed

),

reactions as (

    select
        *,
        case when delivered_at is not null and is_clock_over and not has_reacted_in_time then clock_ends_at end as ignored_at,
        case
            when rejected_at is not null then 'rejected'
            when read_at is not null then 'read'
            when opened_at is not null then 'opened'
            when delivered_at is null and (bounced_at is not null or is_clock_over) then 'not_delivered'
            when not is_clock_over then null
            when has_reacted_in_time then 'delivered'
            else 'ignored'
        end as reaction
    from judged

)

select
    message_id,
    person_id,
    channel,
    campaign_id,
    variant,
    sent_at,
    delivered_at,
    delivered_at is not null and is_delivery_derived as delivery_is_derived,
    opened_at,
    read_at,
    visited_at,
    rejected_at,
    case
        when rejected_at = complained_at then 'spam_complaint'
        when rejected_at = unsubscribed_at then 'unsubscribed'
        when rejected_at is not null then 'hard_bounce'
    end as rejected_by,
    ignored_at,
    coalesce(least(opened_at, read_at) < sent_at, false) as is_opened_before_sent,
    reaction,
    case reaction
        when 'rejected' then rejected_at
        when 'read' then read_at
        when 'opened' then opened_at
        when 'not_delivered' then coalesce(bounced_at, clock_ends_at)
        when 'delivered' then delivered_at
        when 'ignored' then ignored_at
    end as reacted_at
from reactions
