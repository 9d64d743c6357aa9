-- grain: contract that runs at as_of; renewals to the horizons of customer value, of days and of months
{% set horizons = {'30_days': 30, '90_days': 90, '180_days': 180, '365_days': 365, '12': '12 * 365.25 / 12', '24': '24 * 365.25 / 12', '36': '36 * 365.25 / 12'} %}
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
    {% for name, days in horizons.items() %}
    cast(
        greatest(floor(({{ days }} - days_to_renewal) / nullif(period_days, 0)) + 1, 0) as bigint
    ) as renewals_{{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from contracts
where not is_ended
