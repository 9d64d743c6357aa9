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

placed as (

    select contact_events.*
    from contact_events
    inner join people
        on contact_events.person_id = people.person_id
    where contact_events.survey_kind in ('nps', 'csat')

),

clock as (

    select {{ setting('satisfaction_answer_every_days') }} as every_days

),

-- whoever answers twice within so many days has said one thing twice: the next answer that counts is the first one after them
counted as (

    select
        placed.person_id,
        placed.survey_kind,
        {{ dates_apart('placed.occurred_on', 'max(clock.every_days)') }} as counted_days
    from placed
    cross join clock
    group by placed.person_id, placed.survey_kind

)

select
    placed.event_id,
    placed.person_id,
    placed.survey_kind,
    placed.occurred_at as answered_at,
    placed.occurred_on as answered_on,
    placed.score,
    case
        when placed.survey_kind = 'nps' and placed.score >= 9 then 'promoter'
        when placed.survey_kind = 'nps' and placed.score <= 6 then 'detractor'
        when placed.survey_kind = 'csat' and placed.score >= 4 then 'promoter'
        when placed.survey_kind = 'csat' and placed.score <= 2 then 'detractor'
        else 'passive'
    end as opinion,
    {{ is_among('placed.occurred_on', 'counted.counted_days') }}
    and row_number() over (
        partition by placed.person_id, placed.survey_kind, placed.occurred_on
        order by placed.occurred_at asc nulls last, placed.event_id asc nulls last
    ) = 1 as is_counted
from placed
inner join counted
    on placed.person_id = counted.person_id
    and placed.survey_kind = counted.survey_kind
