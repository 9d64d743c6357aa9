"""The holdout of contracts: stand some weeks back, fit what was known then, and hold the renewals forecast against those that were made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from goodwill.clv.contract_fits import cohort_name, fit_contracts
from goodwill.clv.measuring import deciles, measure
from goodwill.clv.runs import ALL, CONTRACT_MODEL, ModelRun

__all__ = ["NAIVE_RENEWALS", "measure_contracts"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Result = dict[str, Any]

#: The rule to beat: renewals fail as often as those of the same plan that were due in as many weeks before.
NAIVE_RENEWALS = "renewed_as_last_period"

_KNOWN = """
select plan, begun_in, periods, is_ended, count(*) as contracts
from (
    select
        plan,
        cast(extract(year from started_on) as bigint) as begun_in,
        coalesce(ended_on <= $cut, false) as is_ended,
        cast(
            case
                when ended_on <= $cut then greatest(ceil((ended_on - started_on) / period_days - 0.1), 1)
                else floor(($cut - started_on) / period_days) + 1
            end as bigint
        ) as periods
    from intermediate.int_contracts
    where started_on <= $cut
) as contracts
group by all
order by all
"""

#: Contracts that ran at the cut, or began after it up to `known`: how often they were due by `until`, and how often they were renewed. What
#: a period is, and in which one a contract ends, is as in int_contracts.
_DUE = """
with running as (
    select
        plan,
        cast(extract(year from started_on) as bigint) as begun_in,
        period_days,
        coalesce(greatest(amount, 0), 0) as amount,
        started_on,
        ended_on,
        cast(floor((greatest($cut, started_on) - started_on) / period_days) + 1 as bigint) as periods,
        cast(floor(($until - started_on) / period_days) + 1 as bigint) as periods_until
    from intermediate.int_contracts
    where started_on <= $known and coalesce(ended_on > $cut, true)
),
due as (
    select
        *,
        periods_until - periods as due,
        periods * period_days - ($cut - started_on) as due_in,
        case when ended_on <= $until then greatest(ceil((ended_on - started_on) / period_days - 0.1), 1) else periods_until end as reached
    from running
)
select
    plan,
    begun_in,
    period_days,
    periods,
    due,
    due_in,
    cast(least(greatest(reached - periods, 0), due) as bigint) as made,
    count(*) as contracts,
    cast(sum(amount) as double) as amount
from due
where due > 0
group by all
order by all
"""


@dataclass(frozen=True)
class Due:
    """Groups of equal contracts that were due in some weeks: in which period they stood, how often and in how many days they were `due`, how
    often each was renewed (`made`), how many `contracts` these are, and the `amount` that all of them pay a period.
    """

    plan: NDArray[np.str_]
    begun_in: Integers
    period_days: Floats
    periods: Integers
    due: Integers
    due_in: Floats
    made: Integers
    contracts: Floats
    amount: Floats

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, cut: dt.date, until: dt.date, known: dt.date) -> Due:
        rows = connection.execute(_DUE, {"cut": cut, "until": until, "known": known}).fetchall()
        plan, *numbers = zip(*rows, strict=True) if rows else [()] * 9
        year, length, periods, due, due_in, made, contracts, amount = numbers
        whole = [np.array(column, dtype=np.int64) for column in (year, periods, due, made)]
        real = [np.array(column, dtype=np.float64) for column in (length, due_in, contracts, amount)]
        return cls(np.array(plan, dtype=np.str_), whole[0], real[0], whole[1], whole[2], real[1], whole[3], real[2], real[3])

    def where(self, chosen: NDArray[np.bool_]) -> Due:
        return Due(*(column[chosen] for column in vars(self).values()))

    @property
    def failed(self) -> Floats:
        """1 where a renewal that was due was not made."""
        return (self.made < self.due).astype(np.float64)

    def steps(self) -> tuple[Integers, Integers]:
        """Of every renewal due: its group, and its number from 1."""
        group = np.repeat(np.arange(len(self.due)), self.due)
        first = np.repeat(np.cumsum(self.due) - self.due, self.due)
        return group, np.arange(len(group)) - first + 1


def measure_contracts(connection: duckdb.DuckDBPyConnection, as_of: dt.date, weeks: int, use_prior: bool) -> list[Result] | str:
    """Contracts fitted at the cut and judged by the weeks after it, of all plans and of each, and the naive rule beside them.

    Returns
    -------
    One dict a model and plan, as the ledger keeps it: the measures are of renewals; `predicted_ended`, `actual_ended` of contracts that were
    not renewed when due, `ended_error` the standard deviation of that forecast (chance, and the error of the parameters); `predicted_value`,
    `actual_value` of the payments, not discounted. Or the reason why there is nothing to judge.
    """
    cut = as_of - dt.timedelta(weeks=weeks)
    fits = fit_contracts(connection.execute(_KNOWN, {"cut": cut}).fetchall(), use_prior)
    due = Due.read(connection, cut, as_of, cut)
    scoring = {run.group_name: run for runs in fits.values() for run in runs if run.is_scoring_model}
    due = due.where(np.array([plan in fits and fits[plan][0].status == "accepted" for plan in due.plan], dtype=bool))
    if not len(due.plan):
        why = fits[ALL][0].message if fits and fits[ALL][0].status != "accepted" else "no renewal was due"
        return f"contracts, in the {weeks} weeks after {cut}: {why}"
    names = np.array([_name(plan, year, scoring) for plan, year in zip(due.plan, due.begun_in, strict=True)])
    share = _shares(due, names, scoring)
    naive = _naive(due, _rates(Due.read(connection, cut - dt.timedelta(weeks=weeks), cut, cut)))
    common = {"cut_on": cut.isoformat(), "weeks": weeks}
    results: list[Result] = []
    for group in (ALL, *dict.fromkeys(due.plan.tolist())):
        chosen = np.full(len(due.plan), group == ALL) | (due.plan == group)
        key = {"group_name": group, **common}
        if naive is not None:
            results.append({"model": NAIVE_RENEWALS, **key, **_measured(due, naive, chosen)})
        error = _ended_error(due.where(chosen), names[chosen], scoring)
        told = _told(due, share, weeks) if group == ALL else {}
        results.append({"model": CONTRACT_MODEL, **key, **_measured(due, share, chosen), "ended_error": error, **told})
    return results


def _name(plan: str, year: int, scoring: Mapping[str, ModelRun]) -> str:
    """Whose parameters a contract is judged by: those of its year, or of its plan."""
    return cohort_name(plan, year) if cohort_name(plan, year) in scoring else str(plan)


def _shares(due: Due, names: NDArray[np.str_], runs: Mapping[str, ModelRun]) -> Floats:
    """Of every renewal due, the chance that it is made: S(n - 1 + j) / S(n - 1) of a contract in its period n."""
    group, step = due.steps()
    a, b = (np.array([runs[name].parameters[each] for name in names])[group] for each in ("a", "b"))
    before = due.periods[group] - 1.0
    return np.asarray(np.exp(betaln(a, b + before + step) - betaln(a, b + before)))


def _rates(before: Due) -> dict[str, float]:
    """Share of the renewals due that were made, by plan, and in all."""
    made, failed = before.made * before.contracts, before.failed * before.contracts
    rates: dict[str, float] = {}
    for plan in (ALL, *dict.fromkeys(before.plan.tolist())):
        chosen = (before.plan == plan) | (plan == ALL)
        rates[plan] = float(made[chosen].sum() / (made[chosen].sum() + failed[chosen].sum()))
    return rates if len(before.plan) else {}


def _naive(due: Due, rates: Mapping[str, float]) -> Floats | None:
    """The same of the naive rule; None where nothing was due in the weeks before."""
    if not rates:
        return None
    group, step = due.steps()
    rate = np.array([rates.get(plan, rates[ALL]) for plan in due.plan.tolist()])
    return np.asarray(rate[group] ** step)


def _measured(due: Due, share: Floats, chosen: NDArray[np.bool_]) -> Result:
    """Measures of the renewals of the chosen groups, and what of them ended and was paid."""
    made, kept = _sums(due, share)
    made, kept, held = made[chosen], kept[chosen], due.where(chosen)
    each = held.amount / held.contracts
    return {
        **asdict(measure(made, held.made.astype(np.float64), held.contracts)),
        "predicted_ended": round(float(held.contracts @ (1 - kept)), 4),
        "actual_ended": int(held.contracts @ held.failed),
        "predicted_value": round(float((held.contracts * each) @ made), 2),
        "actual_value": round(float((held.contracts * each) @ held.made), 2),
    }


def _sums(due: Due, share: Floats) -> tuple[Floats, Floats]:
    """By group: renewals to be expected of a contract, and its chance to be there after the last of them."""
    group, step = due.steps()
    made: Floats = np.bincount(group, share, len(due.due)).astype(np.float64)
    return made, share[step == due.due[group]]


def _ended_error(due: Due, names: NDArray[np.str_], runs: Mapping[str, ModelRun]) -> float:
    """The standard deviation of the number that is not renewed: of chance, and, by the delta method, of the parameters."""

    def kept(of: Mapping[str, ModelRun]) -> Floats:
        return _sums(due, _shares(due, names, of))[1]

    there = kept(runs)
    variance = float(due.contracts @ (there * (1 - there)))
    for name in dict.fromkeys(names.tolist()):
        slope = []
        for each, value in runs[name].parameters.items():
            step = 1e-4 * value
            moved = {**runs, name: _moved(runs[name], each, step)}
            slope.append(float(due.contracts @ (kept(moved) - there)) / step)
        variance += float(np.array(slope) @ np.array(runs[name].covariance) @ np.array(slope))
    return round(float(variance**0.5), 4)


def _moved(run: ModelRun, name: str, step: float) -> ModelRun:
    return ModelRun(run.model, 0, 0, 0, "", run.status, "", parameters=run.parameters | {name: run.parameters[name] + step})


def _told(due: Due, share: Floats, weeks: int) -> Result:
    """The forecast by tenths of contracts, and week by week."""
    made, _ = _sums(due, share)
    group, step = due.steps()
    week = np.clip(np.ceil((due.due_in[group] + (step - 1) * due.period_days[group]) / 7).astype(np.int64), 1, weeks) - 1
    predicted = np.cumsum(np.bincount(week, due.contracts[group] * share, weeks))
    actual = np.cumsum(np.bincount(week, due.contracts[group] * (step <= due.made[group]), weeks))
    return {
        "deciles": [asdict(tenth) for tenth in deciles(made, due.made.astype(np.float64), due.contracts)],
        "tracking": [
            {"week": number + 1, "predicted": round(float(total), 4), "actual": int(happened)}
            for number, (total, happened) in enumerate(zip(predicted, actual, strict=True))
        ],
    }
