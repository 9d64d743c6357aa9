-- grain: run, model, cut and decile; adds up over the deciles of one model and cut
with

calibration as (

    select * from {{ source('model', 'clv_calibration') }}

)

select
    run_id,
    model,
    cut_on,
    decile,
    customers,
    predicted,
    actual
from calibration
