-- grain: run, model, group and origin; nothing adds up
with

runs as (

    select * from {{ source('model', 'clv_runs') }}

)

select
    run_id,
    as_of,
    model,
    group_name,
    origin,
    status,
    message,
    is_scoring_model,
    gate,
    gate_message,
    parameters_run_id,
    parameters_as_of,
    stale_days,
    converged,
    slope,
    evaluations,
    warm_start_run_id,
    with_prior,
    customers,
    repeat_customers,
    tuples,
    left_out_customers,
    left_out_from_x,
    impossible_histories,
    r,
    alpha,
    a,
    b,
    s,
    beta,
    p,
    q,
    v,
    r_standard_error,
    alpha_standard_error,
    a_standard_error,
    b_standard_error,
    s_standard_error,
    beta_standard_error,
    p_standard_error,
    q_standard_error,
    v_standard_error,
    covariance,
    time_unit,
    log_likelihood,
    crosscheck_difference,
    parameter_shift,
    psi_x,
    psi_age,
    psi_spend,
    data_hash,
    fitted_seconds
from runs
