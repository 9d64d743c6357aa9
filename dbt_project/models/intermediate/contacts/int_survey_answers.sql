-- grain: answer to a survey of a known kind (nps, csat) by as_of
with

contact_events as (

    select
        *,
        lower(trim(variant)) as survey_kind
    from {{ ref('int_contact_events__identified') }}
    where kind = 'survey_answered' and score is not null and is_suspect is not true

),

people as (

    select * from {{ ref('int_people') }}

),

-- from a person's first answer on, time is cut into periods; whoever answers twice within one has said one thing twice
placed as (

    select
        contact_events.event_id,
        contact_events.person_id,
        contact_events.survey_kind,
        contact_events.occurred_at,
        contact_events.occurred_on,
        contact_events.score,
        floor(
            {{ days_between(
                'min(contact_events.occurred_on) over (partition by contact_events.person_id, contact_events.survey_kind)',
                'contact_events.occurred_on'
            ) }}
            / nullif({{ setting('satisfaction_answer_every_days') }}, 0)
        ) as answer_period
    from contact_events
    inner join people
        on contact_events.person_id = people.person_id
    where contact_events.survey_kind in ('nps', 'csat')

)

select
    event_id,
    person_id,
    survey_kind,
    occurred_at as answered_at,
    occurred_on as answered_on,
    score,
    case
        when survey_kind = 'nps' and score >= 9 then 'promoter'
        when survey_kind = 'nps' and score <= 6 then 'detractor'
        when survey_kind = 'csat' and score >= 4 then 'promoter'
        when survey_kind = 'csat' and score <= 2 then 'detractor'
        else 'passive'
    end as opinion,
    row_number() over (
        partition by person_id, survey_kind, answer_period
        order by occurred_at asc nulls last, event_id asc nulls last
    ) = 1 as is_counted
from placed
