-- grain: run, model, cut and week; predicted and actual add up over weeks, what is "in all" does not
with

tracking as (

    select * from {{ source('model', 'clv_tracking') }}

)

select
    run_id,
    model,
    cut_on,
    week,
    predicted,
    actual,
    predicted_in_all,
    actual_in_all
from tracking
