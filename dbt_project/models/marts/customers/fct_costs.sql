-- grain: cost that no order bears: a contact event that cost something, or a day's spend on a channel, campaign and purpose; amounts add up
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}

with

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    where cost <> 0 and is_suspect is not true
    {{ and_touched('touched_people', 'person_id') }}

),

-- spend is nobody's: rows without a person are made anew every night
spend as (

    select * from {{ ref('int_marketing_spend__purposed') }}
    where amount <> 0

),

costs as (

    select
        concat('event:', event_id) as cost_id,
        case when kind in ('service_call', 'complaint_opened', 'complaint_resolved') then 'service' else 'contact' end as cost_kind,
        person_id,
        occurred_on as incurred_on,
        kind as event_kind,
        channel,
        campaign_id,
        cast(null as varchar) as purpose,
        cost as cost_amount
    from contact_events
    union all
    select
        concat(
            'spend:', {{ to_text('day') }}, ':', coalesce(channel, ''), ':', coalesce(campaign_id, ''), ':', coalesce(purpose, ''), ':',
            {{ to_text('is_purpose_assumed') }}
        ) as cost_id,
        'marketing' as cost_kind,
        cast(null as varchar) as person_id,
        day as incurred_on,
        cast(null as varchar) as event_kind,
        channel,
        campaign_id,
        purpose,
        sum(amount) as cost_amount
    from spend
    group by day, channel, campaign_id, purpose, is_purpose_assumed

)

select
    cost_id,
    cost_kind,
    person_id,
    incurred_on,
    event_kind,
    channel,
    campaign_id,
    purpose,
    cast(cost_amount as decimal(18, 2)) as cost_amount
from costs
