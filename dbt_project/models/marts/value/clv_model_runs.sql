-- grain: run and model; nothing adds up
with

runs as (

    select * from {{ source('model', 'clv_runs') }}

)

select
    run_id,
    as_of,
    model,
    status,
    message,
    is_scoring_model,
    converged,
    customers,
    repeat_customers,
    tuples,
    r,
    alpha,
    a,
    b,
    p,
    q,
    v,
    r_standard_error,
    alpha_standard_error,
    a_standard_error,
    b_standard_error,
    p_standard_error,
    q_standard_error,
    v_standard_error,
    time_unit,
    log_likelihood,
    data_hash,
    fitted_seconds
from runs
