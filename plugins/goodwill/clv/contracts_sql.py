"""The SQL of what running contracts are still worth, by person, and by which policy each of them is counted."""

from __future__ import annotations

from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS
from goodwill.clv.intervals import interval_ends

__all__ = ["contracts"]

#: One row a person with a running contract of a fitted plan: what the contracts are still worth.
_CONTRACTS = """
create or replace temp table scoring_contracts as
with

-- the policy named as the plan goes before that of a brand that sells by contract, and that before what holds for everybody
agreed as (

    select
        contracts.*,
        extract(year from contracts.started_on) as begun_in,
        coalesce(of_plan.margin_rate, of_brand.margin_rate) as policy_margin_rate,
        coalesce(of_plan.annual_discount_rate, of_brand.annual_discount_rate, parameters.annual_discount_rate) as annual_discount_rate,
        coalesce(of_plan.horizon_months, parameters.horizon_months) as horizon_months
    from intermediate.int_contracts__running as contracts
    cross join scoring_parameters as parameters
    left join intermediate.int_clv_customers as about
        on contracts.person_id = about.person_id
    left join scoring_policies as of_plan
        on contracts.plan = of_plan.name
    left join scoring_policies as of_brand
        on about.brand = of_brand.name
        and of_brand.business_model = 'subscription'

),

contracts as (

    select
        agreed.*,
        row_number() over (partition by agreed.person_id order by agreed.started_on, agreed.plan) as place,
        coalesce(agreed.policy_margin_rate, parameters.assumed_margin_rate, population.margin_rate, 1) as margin_rate,
        case
            when agreed.policy_margin_rate is not null or parameters.assumed_margin_rate is not null then 'assumed_margin'
            when population.margin_rate is not null then 'margin'
            else 'revenue'
        end as value_basis
    from agreed
    cross join scoring_parameters as parameters
    cross join scoring_population as population

),

due as (

    select
        *,
        cast(greatest(coalesce(amount, 0), 0) as double) * margin_rate as payment_then,
        payment_then * power(1 + annual_discount_rate, -days_to_renewal / 365.25) as payment
    from contracts

)

select
    contracts.person_id,
    count(*) as contracts,
    min(contracts.started_on) as started_on,
    -- of somebody who has several and bought nothing else, those of the contract begun first
    max(contracts.margin_rate) filter (where contracts.place = 1) as margin_rate,
    max(contracts.value_basis) filter (where contracts.place = 1) as value_basis,
    max(contracts.annual_discount_rate) filter (where contracts.place = 1) as annual_discount_rate,
    max(contracts.horizon_months) filter (where contracts.place = 1) as horizon_months,
    string_agg(distinct contracts.plan, ', ' order by contracts.plan) as subscription_plans,
    string_agg(distinct plans.reason, '; ' order by plans.reason) as plan_remark,
    count(*) filter (where ahead_12.payments is null and plans.reason is null) as contracts_not_modelled,
    count(*) filter (where coalesce(contracts.amount < 0, true)) as contracts_without_amount,
    {sums}
from due as contracts
left join scoring_plans as plans
    on contracts.plan = plans.plan
{joins}
group by contracts.person_id
"""


def contracts() -> str:
    """The statement that writes `scoring_contracts`."""
    sums, joins = [], []
    for months in MONTH_HORIZONS:
        ahead = f"ahead_{months}"
        joins.append(_ahead(ahead, f"renewals_{months}", "contracts.annual_discount_rate"))
        sums.append(f"coalesce(sum(contracts.payment * {ahead}.payments), 0) as value_{months}")
        sums += [f"coalesce(sum({_end(ahead, end)}), 0) as value_{months}_{end}" for end in interval_ends()]
    sums.append("sum(contracts.payment * ahead_12.payments_ever) as value_ever")
    for days in DAY_HORIZONS:
        ahead = f"ahead_{days}_days"
        joins.append(_ahead(ahead, f"renewals_{days}_days", "0"))
        sums.append(f"coalesce(sum(contracts.payment_then * {ahead}.payments), 0) as value_{days}_days")
    return _CONTRACTS.format(sums=",\n    ".join(sums), joins="\n".join(joins))


def _ahead(name: str, renewals: str, rate: str) -> str:
    """The payments expected of as many renewals, discounted at a rate."""
    keys = ("plan", "begun_in", "period_days", "periods")
    matched = "".join(f"contracts.{key} = {name}.{key}\n    and " for key in keys)
    return f"left join scoring_renewals as {name}\n    on {matched}contracts.{renewals} = {name}.renewals\n    and {rate} = {name}.discount_rate"


def _end(ahead: str, end: str) -> str:
    """A bound of what a contract is worth: where margins are below zero, the lower value is that of more payments."""
    side, level = end.split("_")
    other = "high" if side == "low" else "low"
    few, many = (f"contracts.payment * {ahead}.payments_{each}_{level}" for each in (side, other))
    return f"case when contracts.payment >= 0 then {few} else {many} end"
