-- grain: person and span of time in which class, stage, distance and group stayed the same; guest orders have no history
with

recorded as (

    select * from {{ source('model', 'recorded_changes') }}

),

tonight as (

    select * from {{ source('model', 'segment_changes') }}

),

changes as (

    select
        person_id,
        as_of,
        is_gone,
        life_cycle_stage,
        life_cycle_reason,
        distance,
        value_class,
        value_class_reason,
        rfm_group
    from recorded
    union all
    select
        person_id,
        as_of,
        is_gone,
        life_cycle_stage,
        life_cycle_reason,
        distance,
        value_class,
        value_class_reason,
        rfm_group
    from tonight

),

compared as (

    select
        *,
        lag(as_of) over (partition by person_id order by as_of asc nulls last) as previous_on,
        lag(is_gone) over (partition by person_id order by as_of asc nulls last) as was_gone,
        lag(life_cycle_stage) over (partition by person_id order by as_of asc nulls last) as previous_stage,
        lag(distance) over (partition by person_id order by as_of asc nulls last) as previous_distance,
        lag(value_class) over (partition by person_id order by as_of asc nulls last) as previous_class,
        lag(rfm_group) over (partition by person_id order by as_of asc nulls last) as previous_group
    from changes

),

-- the ledger also keeps changes that are no change of place, such as a class that is about to be left
moves as (

    select *
    from compared
    where
        previous_on is null
        or is_gone is distinct from was_gone
        or life_cycle_stage is distinct from previous_stage
        or distance is distinct from previous_distance
        or value_class is distinct from previous_class
        or rfm_group is distinct from previous_group

),

spans as (

    select
        *,
        lead(as_of) over (partition by person_id order by as_of asc nulls last) as ended_on
    from moves

)

select
    person_id,
    as_of as valid_from_on,
    ended_on as valid_to_on,
    ended_on is null as is_current,
    life_cycle_stage,
    life_cycle_reason,
    distance,
    value_class,
    value_class_reason,
    rfm_group
from spans
where not is_gone
