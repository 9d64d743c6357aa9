-- grain: accepted night, division, from and to; people and amounts add up over nights and segments of a division
with

nights as (

    select * from {{ source('model', 'recorded_nights') }}

),

recorded as (

    select * from {{ source('model', 'recorded_changes') }}

),

tonight as (

    select * from {{ source('model', 'segment_changes') }}

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

-- the first accepted night has nobody to compare with: from it on people move
beginning as (

    select min(as_of) as began_on from nights

),

changes as (

    select
        person_id,
        as_of,
        value_class,
        life_cycle_stage,
        distance,
        rfm_group,
        clv_12,
        actual_value_amount
    from recorded
    union all
    select
        person_id,
        as_of,
        value_class,
        life_cycle_stage,
        distance,
        rfm_group,
        clv_12,
        actual_value_amount
    from tonight

),

placed as (

    select
        changes.person_id,
        changes.as_of,
        divisions.division,
        coalesce(
            case divisions.division
                when 'value_class' then changes.value_class
                when 'life_cycle_stage' then changes.life_cycle_stage
                when 'distance' then changes.distance
                when 'rfm_group' then changes.rfm_group
            end, 'none'
        ) as segment,
        changes.clv_12,
        changes.actual_value_amount
    from changes
    cross join divisions

),

compared as (

    select
        *,
        coalesce(
            lag(segment) over (partition by person_id, division order by as_of asc nulls last), 'none'
        ) as previous_segment
    from placed

)

select
    compared.as_of as moved_on,
    compared.division,
    compared.previous_segment as from_segment,
    compared.segment as to_segment,
    cast(count(*) as bigint) as people_count,
    cast(coalesce(sum(compared.clv_12), 0) as decimal(38, 2)) as clv_12_amount,
    cast(coalesce(sum(compared.actual_value_amount), 0) as decimal(38, 2)) as actual_value_amount
from compared
cross join beginning
where compared.as_of > beginning.began_on and compared.segment <> compared.previous_segment
group by compared.as_of, compared.division, compared.previous_segment, compared.segment
