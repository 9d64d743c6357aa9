"""Contracts: how long they last, by plan, and what those that run are still worth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goodwill.clv.horizons import MONTH_HORIZONS
from goodwill.clv.intervals import LEVELS
from goodwill.clv.maximising import Peak, climb, weak_prior
from goodwill.clv.models.shifted_beta import ContractTuples, ShiftedBeta, expected_residual_lifetime, survival
from goodwill.clv.runs import ALL, CONTRACT_MODEL, ModelRun
from goodwill.settings.business import BusinessSettings

__all__ = ["fit_contracts", "renewal_table"]

Floats = NDArray[np.float64]

#: Contracts that ended below which a plan is fitted together with all others.
FEWEST_ENDED = 10

_TUPLES = """
select plan, periods, is_ended, sum(contracts) as contracts
from intermediate.int_contract_tuples
group by plan, periods, is_ended
order by plan, periods, is_ended
"""


def fit_contracts(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings) -> list[ModelRun]:
    """One run a plan, after one for all of them (`group_name` all); empty where there are no contracts."""
    rows = connection.execute(_TUPLES).fetchall()
    if not rows:
        return []
    everything = _fitted(ALL, rows, settings.clv.prior)
    runs = [everything]
    for plan in dict.fromkeys(row[0] for row in rows):
        run = _fitted(plan, [row for row in rows if row[0] == plan], settings.clv.prior)
        if run.status != "accepted" and everything.status == "accepted":
            run = replace(
                run,
                status="accepted",
                parameters=everything.parameters,
                covariance=everything.covariance,
                converged=True,
                message=f"{run.message}; scored by what holds for all plans",
            )
        runs.append(replace(run, is_scoring_model=run.status == "accepted"))
    return runs


def _fitted(plan: str, rows: list[tuple[Any, ...]], use_prior: bool) -> ModelRun:
    """sBG on the contracts of a plan; time in periods."""
    tuples = ContractTuples(*(np.array(column) for column in list(zip(*rows, strict=True))[1:]))
    contracts, ended = tuples.contract_count, tuples.ended_count
    run = ModelRun(CONTRACT_MODEL, contracts, contracts - ended, len(rows), "", "not_fitted", "", group_name=plan, time_unit="period")
    if ended < FEWEST_ENDED:
        return replace(run, message=f"too few contracts have ended: {ended}, at least {FEWEST_ENDED} are needed")
    started = time.monotonic()
    likelihood = ShiftedBeta(tuples)
    found = climb(likelihood, weak_prior(likelihood) if use_prior else None)
    run = replace(run, fitted_seconds=round(time.monotonic() - started, 3), with_prior=use_prior)
    if not isinstance(found, Peak):
        return replace(run, status="rejected", message=found)
    return replace(
        run,
        status="accepted",
        message=f"{ended} of {contracts} contracts have ended",
        parameters={name: float(f"{value:.8g}") for name, value in zip(found.names, found.parameters, strict=True)},
        covariance=[[float(f"{cell:.6g}") for cell in line] for line in found.covariance],
        log_likelihood=round(found.log_likelihood, 6),
        converged=True,
        slope=float(f"{found.slope:.2g}"),
        evaluations=found.evaluations,
    )


def renewal_table(connection: duckdb.DuckDBPyConnection, runs: list[ModelRun], discount_rates: Sequence[float]) -> pa.Table:
    """Discounted payments to come from the running contracts, for each distinct (plan, period, number of renewals within a horizon).

    Parameters
    ----------
    runs : the accepted fits of the plans.
    discount_rates : a year; one row for each of them.

    Returns
    -------
    Columns `plan`, `periods`, `renewals` (that fall within the horizon), `discount_rate`, `payments` expected, their bounds `payments_low_80` …, and
    `payments_ever` (DERL). The first payment is not discounted: the days until it is due are the customer's.
    """
    by_plan = {run.group_name: run.parameters for run in runs}
    wanted = connection.execute(
        f"""
        select distinct plan, period_days, periods, renewals
        from (
            select plan, period_days, periods, unnest([{", ".join(f"renewals_{months}" for months in MONTH_HORIZONS)}]) as renewals
            from intermediate.int_contracts__running
        ) as contracts
        order by plan, period_days, periods, renewals
        """
    ).fetchall()
    rows = [
        {"plan": plan, "period_days": length, "periods": periods, "renewals": renewals, "discount_rate": rate}
        | _payments(by_plan[plan], periods, renewals, (1 + rate) ** (length / 365.25) - 1)
        for plan, length, periods, renewals in wanted
        if plan in by_plan
        for rate in discount_rates
    ]
    names = ["payments", "payments_ever", *(f"payments_{side}_{level}" for level in LEVELS for side in ("low", "high"))]
    schema = pa.schema(
        [("plan", pa.string()), ("period_days", pa.float64()), ("periods", pa.int64()), ("renewals", pa.int64())]
        + [("discount_rate", pa.float64())]
        + [(name, pa.float64()) for name in names]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _payments(parameters: dict[str, float], periods: int, renewals: int, rate: float) -> dict[str, float | None]:
    """Expected discounted payments of the next renewals, and of the number of renewals at each bound."""
    a, b = parameters["a"], parameters["b"]
    share = survival(a, b, periods - 1 + np.arange(renewals + 1.0)) / survival(a, b, np.array(periods - 1.0))
    worth = np.concatenate([[0.0], np.cumsum((1 + rate) ** -np.arange(float(renewals)))])
    found: dict[str, float | None] = {"payments": float((share[1:] * np.diff(worth)).sum())}
    found["payments_ever"] = expected_residual_lifetime(a, b, periods - 1, rate) if rate > 0 else None
    for level in LEVELS:
        for side, quantile in (("low", 0.5 - level / 200), ("high", 0.5 + level / 200)):
            # the fewest renewals k with P(more than k) <= 1 - quantile; more than those within the horizon do not count
            more = np.append(share[1:], 0.0)
            found[f"payments_{side}_{level}"] = float(worth[int(np.argmax(more <= 1 - quantile + 1e-12))])
    return found
