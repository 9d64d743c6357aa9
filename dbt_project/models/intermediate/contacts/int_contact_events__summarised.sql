-- grain: person with at least one contact event
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people__trailing'}) }}
with

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    -- an event of nobody makes no person
    where is_suspect is not true and person_id not like 'guest-event:%'
    {{ and_touched('touched_people__trailing', 'person_id') }}

),

people as (

    select
        person_id,
        count(*) as contact_events_count,
        min(occurred_at) as first_event_at,
        sum(cost) as cost_to_serve_amount,
        sum(cost) filter (
            where occurred_on > {{ add_months(as_of(), -12) }}
        ) as trailing_12m_cost_to_serve_amount,
        max(occurred_on) filter (where kind = 'quote_requested') as last_quote_on,
        max(occurred_on) filter (where kind = 'cart_abandoned') as last_cart_on,
        max(occurred_on) filter (where kind = 'fair_met') as last_fair_on,
        max(occurred_on) filter (where kind = 'visit') as last_visit_on,
        min(occurred_at) filter (
            where kind = 'referral_invited' and not {{ is_withheld_invitation('variant') }}
        ) as first_invited_at,
        min(occurred_on) filter (
            where kind = 'referral_invited' and not {{ is_withheld_invitation('variant') }}
        ) as first_invited_on,
        max(occurred_at) filter (where kind = 'complaint_resolved') as last_resolved_at,
        {{ latest('score', ['occurred_at', 'event_id']) }} filter (
            where kind = 'survey_answered' and lower(trim(variant)) = 'nps' and score is not null
        ) as latest_nps_score,
        {{ latest('score', ['occurred_at', 'event_id']) }} filter (
            where kind = 'survey_answered' and lower(trim(variant)) = 'csat' and score is not null
        ) as latest_csat_score
    from contact_events
    group by person_id

),

-- read by themselves: of a step that two others read, the engine keeps every row in memory, and these are few
opened as (

    select
        person_id,
        occurred_at,
        occurred_on
    from {{ ref('int_contact_events__identified') }}
    where
        kind = 'complaint_opened'
        and is_suspect is not true
        {{ and_touched('touched_people__trailing', 'person_id') }}

),

-- a complaint is open as long as nothing was resolved at or after the moment it was opened
complaints as (

    select
        opened.person_id,
        min(opened.occurred_on) as complaint_open_since
    from opened
    inner join people
        on opened.person_id = people.person_id
    where opened.occurred_at > people.last_resolved_at or people.last_resolved_at is null
    group by opened.person_id

)

select
    people.person_id,
    people.contact_events_count,
    people.first_event_at,
    cast(coalesce(people.cost_to_serve_amount, 0) as decimal(18, 2)) as cost_to_serve_amount,
    cast(coalesce(people.trailing_12m_cost_to_serve_amount, 0) as decimal(18, 2)) as trailing_12m_cost_to_serve_amount,
    people.last_quote_on,
    people.last_cart_on,
    people.last_fair_on,
    people.last_visit_on,
    people.first_invited_at,
    people.first_invited_on,
    complaints.complaint_open_since,
    people.latest_nps_score,
    people.latest_csat_score
from people
left join complaints
    on people.person_id = complaints.person_id
