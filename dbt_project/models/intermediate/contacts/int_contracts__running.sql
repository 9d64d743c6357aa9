-- grain: contract that runs at as_of; renewals to the horizons of customer value
{% set horizons = [12, 24, 36] %}
with

contracts as (

    select * from {{ ref('int_contracts') }}

)

select
    subscription_id,
    person_id,
    plan,
    period_days,
    periods,
    started_on,
    days_to_renewal,
    amount,
    {% for months in horizons %}
    cast(
        greatest(floor(({{ months }} * 365.25 / 12 - days_to_renewal) / nullif(period_days, 0)) + 1, 0) as bigint
    ) as renewals_{{ months }}{{ ',' if not loop.last }}
    {% endfor %}
from contracts
where not is_ended
