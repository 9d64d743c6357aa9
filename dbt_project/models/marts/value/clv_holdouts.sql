-- grain: run, model and cut; nothing adds up over models
with

holdouts as (

    select * from {{ source('model', 'clv_holdouts') }}

)

select
    run_id,
    model,
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
    message
from holdouts
