"""How long contracts last: by plan, and by the year in which they began where that tells more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

from goodwill.clv.fitting import climbed
from goodwill.clv.maximising import Prior
from goodwill.clv.models.shifted_beta import ContractTuples, ShiftedBeta
from goodwill.clv.runs import ALL, CONTRACT_MODEL, ModelRun

__all__ = ["FEWEST_ENDED", "Row", "cohort_name", "fit_contracts", "read_contracts"]

#: Contracts that ended below which a plan is fitted together with all others, and below which its cohorts are not looked at.
FEWEST_ENDED = 10
#: Standard deviation by which a cohort is taken to differ from the one before, in log(a + b) and in log(a / b).
COHORT_SD = 1.0

_TUPLES = """
select plan, begun_in, periods, is_ended, sum(contracts) as contracts
from intermediate.int_contract_tuples
group by plan, begun_in, periods, is_ended
order by plan, begun_in, periods, is_ended
"""

#: Plan, year begun in, periods, whether they ended, contracts.
Row = tuple[Any, ...]


def cohort_name(plan: str, begun_in: int) -> str:
    """The name of the contracts of a plan that began in a year, as `group_name` of `clv_model_runs`."""
    return f"{plan}, begun in {begun_in}"


def read_contracts(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The contracts of the night, grouped by what the fits read of them."""
    rows: list[Row] = connection.execute(_TUPLES).fetchall()
    return rows


def fit_contracts(rows: list[Row], use_prior: bool) -> dict[str, list[ModelRun]]:
    """The runs of each plan, first that of the plan and then those of its cohorts where they differ; under `all` that of all plans.
    Empty where there are no contracts.
    """
    if not rows:
        return {}
    everything = _fitted(ALL, rows, use_prior)
    runs = {ALL: [everything]}
    for plan in dict.fromkeys(row[0] for row in rows):
        of_plan = [row for row in rows if row[0] == plan]
        run = _fitted(plan, of_plan, use_prior)
        cohorts = _cohorts(run, of_plan) if run.status == "accepted" else []
        if run.status != "accepted" and everything.status == "accepted":
            run = replace(
                run,
                status="accepted",
                parameters=everything.parameters,
                covariance=everything.covariance,
                converged=True,
                message=f"{run.message}; scored by what holds for all plans",
            )
        if cohorts:
            run = replace(run, message=f"{run.message}; scored by the year in which they began")
        runs[plan] = [replace(run, is_scoring_model=run.status == "accepted" and not cohorts), *cohorts]
    return runs


def _cohorts(plan: ModelRun, rows: list[Row]) -> list[ModelRun]:
    """A run for the contracts begun in each year, the first pulled towards the plan and each later one towards the one before; none unless
    the years tell more than they cost.

    Notes
    -----
    What they tell is the gain in log-likelihood; what they cost is that of the Bayesian information criterion, half a parameter times the
    logarithm of the contracts that ended (Volinsky & Raftery 2000, Biometrics 56(1)): two parameters for each year but one.
    """
    years = list(dict.fromkeys(row[1] for row in rows))
    ended = plan.customers - plan.repeat_customers
    runs: list[ModelRun] = []
    before = plan
    for year in years:
        tuples = _tuples([row for row in rows if row[1] == year])
        prior = Prior(np.array(list(before.parameters.values())), np.eye(2) / COHORT_SD**2, ((0, 1),))
        before = _climbed(_run(cohort_name(plan.group_name, year), tuples), tuples, True, prior)
        if before.status != "accepted":
            return []
        runs.append(before)
    gain = sum(run.log_likelihood or 0.0 for run in runs) - (plan.log_likelihood or 0.0)
    cost = (len(years) - 1) * math.log(ended)
    if gain <= cost:
        return []
    said = f"the years differ: log-likelihood {gain:+.1f}, at a cost of {cost:.1f}"
    return [replace(run, is_scoring_model=True, message=f"{run.message}; {said}") for run in runs]


def _fitted(plan: str, rows: list[Row], use_prior: bool) -> ModelRun:
    """sBG on the contracts of a plan; time in periods."""
    tuples = _tuples(rows)
    run = _run(plan, tuples)
    if tuples.ended_count < FEWEST_ENDED:
        return replace(run, message=f"too few contracts have ended: {tuples.ended_count}, at least {FEWEST_ENDED} are needed")
    return _climbed(run, tuples, use_prior)


def _tuples(rows: Sequence[Row]) -> ContractTuples:
    """The rows whatever their plan and year, each length once."""
    lengths, place = np.unique(np.array([row[2:4] for row in rows], dtype=np.int64), axis=0, return_inverse=True)
    contracts = np.bincount(place.ravel(), [row[4] for row in rows]).astype(np.int64)
    return ContractTuples(lengths[:, 0], lengths[:, 1].astype(bool), contracts)


def _run(name: str, tuples: ContractTuples) -> ModelRun:
    contracts, ended = tuples.contract_count, tuples.ended_count
    return ModelRun(
        CONTRACT_MODEL,
        contracts,
        contracts - ended,
        len(tuples.periods),
        tuples.data_hash,
        "not_fitted",
        "",
        group_name=name,
        time_unit="period",
    )


def _climbed(run: ModelRun, tuples: ContractTuples, use_prior: bool, prior: Prior | None = None) -> ModelRun:
    """The run with its parameters, accepted; or the reason why there are none."""
    run = climbed(run, ShiftedBeta(tuples), use_prior, prior=prior)
    said = f"{tuples.ended_count} of {tuples.contract_count} contracts have ended"
    return replace(run, status="accepted", message=said) if run.converged else run
