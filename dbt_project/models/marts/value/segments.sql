-- grain: person; the two amounts add up
with

assignments as (

    select * from {{ source('model', 'segment_assignments') }}

)

select
    person_id,
    value_class,
    value_class_reason,
    value_class_since_on,
    previous_value_class,
    life_cycle_stage,
    life_cycle_reason,
    life_cycle_stage_since_on,
    previous_life_cycle_stage,
    distance,
    distance_reason,
    distance_since_on,
    previous_distance,
    recency_score,
    frequency_score,
    monetary_score,
    rfm_group,
    rfm_reason,
    rfm_group_since_on,
    previous_rfm_group,
    churn_onset_on,
    churn_onset_reason,
    early_warning,
    early_warning_reason,
    actual_value_amount,
    potential_value_amount
from assignments
