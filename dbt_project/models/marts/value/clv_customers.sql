-- grain: customer; values add up, rates and probabilities do not
with

scores as (

    select * from {{ source('model', 'clv_scores') }}

)

select
    person_id,
    model_used,
    fallback_reason,
    x,
    t_x_days,
    age_days,
    p_alive,
    expected_purchases_30,
    expected_purchases_90,
    expected_purchases_180,
    expected_purchases_365,
    expected_spend,
    margin_rate,
    margin_is_assumed,
    value_basis,
    expected_value_30,
    expected_value_90,
    expected_value_180,
    expected_value_365,
    clv_12,
    clv_24,
    clv_36,
    expected_next_purchase_on
from scores
