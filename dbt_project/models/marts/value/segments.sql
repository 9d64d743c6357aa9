-- grain: person; the two amounts add up
with

assignments as (

    select * from {{ source('model', 'segment_assignments') }}

)

select
    person_id,
    value_class,
    value_class_reason,
    life_cycle_stage,
    life_cycle_reason,
    distance,
    distance_reason,
    recency_score,
    frequency_score,
    monetary_score,
    rfm_group,
    rfm_reason,
    actual_value_amount,
    potential_value_amount
from assignments
