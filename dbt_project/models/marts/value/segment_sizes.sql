-- grain: accepted night (tonight is one), division and segment; counts and amounts add up within a division, not over nights
with

recorded as (

    select * from {{ source('model', 'recorded_sizes') }}

),

segments as (

    select * from {{ ref('segments') }}

),

people as (

    select * from {{ ref('int_people') }}

),

scores as (

    select * from {{ ref('clv_customers') }}

),

divisions as (

    select 'value_class' as division
    union all
    select 'life_cycle_stage' as division
    union all
    select 'distance' as division
    union all
    select 'rfm_group' as division

),

placed as (

    select
        divisions.division,
        coalesce(
            case divisions.division
                when 'value_class' then segments.value_class
                when 'life_cycle_stage' then segments.life_cycle_stage
                when 'distance' then segments.distance
                when 'rfm_group' then segments.rfm_group
            end, 'none'
        ) as segment,
        segments.actual_value_amount,
        scores.clv_12
    from segments
    inner join people
        on segments.person_id = people.person_id
    left join scores
        on segments.person_id = scores.person_id
    cross join divisions
    where not people.is_guest

)

select
    measured_on,
    division,
    segment,
    people_count,
    clv_12_amount,
    actual_value_amount
from recorded
union all
select
    {{ as_of() }} as measured_on,
    division,
    segment,
    cast(count(*) as bigint) as people_count,
    cast(coalesce(sum(clv_12), 0) as decimal(38, 2)) as clv_12_amount,
    cast(coalesce(sum(actual_value_amount), 0) as decimal(38, 2)) as actual_value_amount
from placed
group by division, segment
