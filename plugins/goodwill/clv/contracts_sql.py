"""The SQL of what running contracts are still worth, by person."""

from __future__ import annotations

from goodwill.clv.horizons import MONTH_HORIZONS
from goodwill.clv.intervals import interval_ends

__all__ = ["contracts"]

#: One row a person with a running contract of a fitted plan: what the contracts are still worth.
_CONTRACTS = """
create or replace temp table scoring_contracts as
with

contracts as (

    select
        contracts.*,
        cast(greatest(coalesce(contracts.amount, 0), 0) as double)
        * coalesce(parameters.assumed_margin_rate, population.margin_rate, 1)
        * power(1 + parameters.annual_discount_rate, -contracts.days_to_renewal / 365.25) as payment
    from intermediate.int_contracts__running as contracts
    cross join scoring_parameters as parameters
    cross join scoring_population as population

)

select
    contracts.person_id,
    count(*) as contracts,
    min(contracts.started_on) as started_on,
    string_agg(distinct contracts.plan, ', ' order by contracts.plan) as subscription_plans,
    count(*) filter (where ahead_12.payments is null) as contracts_not_modelled,
    count(*) filter (where coalesce(contracts.amount < 0, true)) as contracts_without_amount,
    {sums}
from contracts
{joins}
group by contracts.person_id
"""


def contracts() -> str:
    """The statement that writes `scoring_contracts`."""
    sums, joins = [], []
    for months in MONTH_HORIZONS:
        ahead = f"ahead_{months}"
        joins.append(
            f"left join scoring_renewals as {ahead}\n    on contracts.plan = {ahead}.plan\n    and contracts.period_days = {ahead}.period_days\n"
            f"    and contracts.periods = {ahead}.periods\n    and contracts.renewals_{months} = {ahead}.renewals"
        )
        sums.append(f"coalesce(sum(contracts.payment * {ahead}.payments), 0) as value_{months}")
        sums += [f"coalesce(sum({_end(ahead, end)}), 0) as value_{months}_{end}" for end in interval_ends()]
    sums.append("sum(contracts.payment * ahead_12.payments_ever) as value_ever")
    return _CONTRACTS.format(sums=",\n    ".join(sums), joins="\n".join(joins))


def _end(ahead: str, end: str) -> str:
    """A bound of what a contract is worth: where margins are below zero, the lower value is that of more payments."""
    side, level = end.split("_")
    other = "high" if side == "low" else "low"
    few, many = (f"contracts.payment * {ahead}.payments_{each}_{level}" for each in (side, other))
    return f"case when contracts.payment >= 0 then {few} else {many} end"
