"""What the running contracts are still worth: discounted payments to come, by plan, year of beginning, period and horizon."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from goodwill.clv.contract_fits import cohort_name
from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS
from goodwill.clv.intervals import LEVELS
from goodwill.clv.models.shifted_beta import expected_residual_lifetime, survival
from goodwill.clv.runs import ModelRun

__all__ = ["renewal_table"]


def renewal_table(connection: duckdb.DuckDBPyConnection, runs: list[ModelRun], discount_rates: Sequence[float]) -> pa.Table:
    """Discounted payments to come from the running contracts, for each distinct (plan, year it began in, period, number of
    renewals within a horizon).

    Parameters
    ----------
    runs : the fits that score, of plans and of their cohorts.
    discount_rates : a year; one row for each of them, and one at the rate of 0 for what is expected by day horizons, which is not discounted.

    Returns
    -------
    Columns `plan`, `begun_in`, `periods`, `renewals` (that fall within the horizon), `discount_rate`, `payments` expected, their bounds `payments_low_80` …, and
    `payments_ever` (DERL). The first payment is not discounted: the days until it is due are the customer's.
    """
    fitted = {run.group_name: run.parameters for run in runs}
    counts = [*(f"renewals_{days}_days" for days in DAY_HORIZONS), *(f"renewals_{months}" for months in MONTH_HORIZONS)]
    wanted = connection.execute(
        f"""
        select distinct plan, begun_in, period_days, periods, renewals
        from (
            select plan, extract(year from started_on) as begun_in, period_days, periods, unnest([{", ".join(counts)}]) as renewals
            from intermediate.int_contracts__running
        ) as contracts
        order by plan, begun_in, period_days, periods, renewals
        """
    ).fetchall()
    rows = [
        {"plan": plan, "begun_in": year, "period_days": length, "periods": periods, "renewals": renewals, "discount_rate": rate}
        | _payments(parameters, periods, renewals, (1 + rate) ** (length / 365.25) - 1)
        for plan, year, length, periods, renewals in wanted
        if (parameters := fitted.get(cohort_name(plan, year), fitted.get(plan)))
        for rate in dict.fromkeys((0.0, *discount_rates))
    ]
    names = ["payments", "payments_ever", *(f"payments_{side}_{level}" for level in LEVELS for side in ("low", "high"))]
    schema = pa.schema(
        [("plan", pa.string()), ("begun_in", pa.int64()), ("period_days", pa.float64()), ("periods", pa.int64()), ("renewals", pa.int64())]
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
