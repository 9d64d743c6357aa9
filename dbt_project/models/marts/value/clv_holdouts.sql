-- grain: run, model, group and cut; nothing adds up over models, nor over plans and all of them
with

holdouts as (

    select * from {{ source('model', 'clv_holdouts') }}

)

select
    run_id,
    model,
    group_name,
    cut_on,
    weeks,
    measured_on,
    customers,
    predicted,
    actual,
    bias,
    mae,
    spearman,
    gini,
    decile_error,
    loss,
    predicted_ended,
    actual_ended,
    ended_error,
    predicted_value,
    actual_value,
    message
from holdouts
