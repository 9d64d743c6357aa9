-- grain: person with at least two purchase days
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}
with

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    {{ where_touched('touched_people', 'person_id') }}

),

steps as (

    select
        person_id,
        purchased_on,
        lag(purchased_on) over (partition by person_id order by purchased_on asc nulls last) as previous_on
    from purchase_days
    where not is_guest

),

ranked as (

    select
        person_id,
        {{ days_between('previous_on', 'purchased_on') }} as gap_days,
        row_number() over (
            partition by person_id
            order by {{ days_between('previous_on', 'purchased_on') }} asc nulls last, purchased_on asc nulls last
        ) as gap_rank,
        count(*) over (partition by person_id) as gaps_count
    from steps
    where previous_on is not null

)

-- the quantile is one of the person's own gaps: the smallest that covers the share of them the settings name
select
    person_id,
    cast(avg(gap_days) as double) as mean_gap_days,
    cast(
        min(gap_days) filter (where gap_rank >= gaps_count * {{ setting('life_cycle_gap_quantile') }}) as double
    ) as p90_gap_days
from ranked
group by person_id
