"""Fit the models of the night on the tuples and write `model.clv_runs`."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from goodwill.clv.maximising import Climb, climb
from goodwill.clv.purchases import ModelName, PurchaseParameters, expected_purchases_if_alive, p_alive
from goodwill.clv.runs import SPEND_MODEL, ModelRun, write_runs
from goodwill.clv.tuples import PurchaseTuples, SpendTuples, read_purchase_tuples, read_spend_tuples
from goodwill.settings.business import BusinessSettings

__all__ = ["fit", "fit_purchases", "fit_spend"]

#: Above this many tuples the climb begins on a coarse grouping of them.
COARSE_ABOVE = 20_000
#: Parameters are rounded to this many digits: what the last bits of a sum do is not published.
DIGITS = 8
#: Guards: expected over actual repeats in the observed time; modelled over observed mean spend; the spend model has a mean.
REPEATS_RATIO, SPEND_RATIO, Q_MINIMUM = (0.5, 2.0), (0.8, 1.25), 1.05


def fit(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date) -> dict[str, Any]:
    """Fit the purchase models of the settings and the spend model; a model that cannot be fitted is a row that says why, never an error.

    Parameters
    ----------
    connection : the open working warehouse, with `intermediate.int_rfm_tuples` and `intermediate.int_spend_tuples`.

    Returns
    -------
    Figures for the night's record: customers, tuples, and the status of each model.

    Raises
    ------
    GoodwillError : the tuples hold an impossible purchase history.
    """
    purchases, spend = read_purchase_tuples(connection), read_spend_tuples(connection)
    minimum = settings.clv.minimum_repeat_customers
    names: list[ModelName] = list(dict.fromkeys((settings.clv.scoring_model, *settings.clv.models)))
    runs = [_timed(partial(fit_purchases, name, purchases, minimum)) for name in names]
    runs.append(_timed(partial(fit_spend, spend, minimum)))
    chosen = {settings.clv.scoring_model, SPEND_MODEL}
    runs = [replace(run, is_scoring_model=run.model in chosen and run.status == "accepted") for run in runs]
    write_runs(connection, runs, run_id, as_of)
    return {"customers": purchases.customer_count, "tuples": len(purchases.x), **{run.model: run.status for run in runs}}


def _timed(work: Callable[[], ModelRun]) -> ModelRun:
    started = time.monotonic()
    return replace(work(), fitted_seconds=round(time.monotonic() - started, 3))


def fit_purchases(name: ModelName, tuples: PurchaseTuples, minimum: int) -> ModelRun:
    """BG/NBD or MBG/NBD by maximum likelihood; `alpha` in weeks.

    Parameters
    ----------
    minimum : repeat customers below which no model is fitted.
    """
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter

    run = ModelRun(
        name, tuples.customer_count, tuples.repeat_customer_count, len(tuples.x), tuples.data_hash, "not_fitted", "", time_unit="week"
    )
    if run.repeat_customers < minimum:
        return replace(run, message=f"too few repeat customers: {run.repeat_customers}, at least {minimum} are needed")
    longest = float(tuples.age.max())
    columns = (tuples.x, tuples.t_x / longest, tuples.age / longest)
    rate = float(tuples.customers @ tuples.x) / float(tuples.customers @ columns[2])
    start = np.log([1.0, 1.0 / rate, 0.5, 2.0])
    fitter = ModifiedBetaGeoFitter if name == "mbg_nbd" else BetaGeoFitter
    found = climb(fitter, columns, tuples.customers, start, _coarse(columns, tuples.customers))
    if isinstance(found, str):
        return replace(run, status="rejected", message=found)
    # lifetimes measures time in units of the longest age: the density of each of the x repeats has to be put back into weeks
    log_likelihood = found.mean_log_likelihood * run.customers - float(tuples.customers @ tuples.x) * float(np.log(longest))
    run = _with_parameters(run, found, ("r", "alpha", "a", "b"), {"alpha": longest}, log_likelihood)
    ratio = _expected_over_actual(PurchaseParameters(name, **run.parameters), tuples)
    said = f"expected repeats are {ratio:.3f} times the actual ones{_prior_note(found)}"
    return replace(run, status="accepted" if REPEATS_RATIO[0] <= ratio <= REPEATS_RATIO[1] else "rejected", message=said)


def fit_spend(tuples: SpendTuples, minimum: int) -> ModelRun:
    """Gamma-Gamma on the mean spend of repeat customers; money in units of the reporting currency."""
    from lifetimes import GammaGammaFitter

    customers = tuples.customer_count
    run = ModelRun(SPEND_MODEL, customers, customers, len(tuples.x), tuples.data_hash, "not_fitted", "")
    if customers < minimum:
        return replace(run, message=f"too few repeat customers with positive spend: {customers}, at least {minimum} are needed")
    if len(np.unique(tuples.mean)) < 2:
        return replace(run, message="all repeat customers spend the same: the mean says it all")
    columns = (tuples.x, tuples.mean / tuples.mean_spend)
    start = np.log([2.0, 4.0, 1.5])
    coarse = _coarse((tuples.x, np.log(columns[1])), tuples.customers)
    if coarse is not None:
        coarse = ((coarse[0][0], np.exp(coarse[0][1])), coarse[1])
    found = climb(GammaGammaFitter, columns, tuples.customers, start, coarse)
    if isinstance(found, str):
        return replace(run, status="rejected", message=found)
    log_likelihood = found.mean_log_likelihood * customers - customers * float(np.log(tuples.mean_spend))
    run = _with_parameters(run, found, ("p", "q", "v"), {"v": tuples.mean_spend}, log_likelihood)
    p, q, v = (run.parameters[name] for name in ("p", "q", "v"))
    if q <= Q_MINIMUM:
        return replace(run, status="rejected", message=f"q = {q:.4g} is not above {Q_MINIMUM}: the modelled mean spend does not exist")
    ratio = p * v / (q - 1) / tuples.mean_spend
    said = f"modelled mean spend is {ratio:.3f} times the observed one{_prior_note(found)}"
    return replace(run, status="accepted" if SPEND_RATIO[0] <= ratio <= SPEND_RATIO[1] else "rejected", message=said)


def _with_parameters(run: ModelRun, found: Climb, names: tuple[str, ...], units: dict[str, float], log_likelihood: float) -> ModelRun:
    """The run with its parameters in warehouse units, rounded, and their standard errors (none where a prior took part)."""
    values = {name: float(np.exp(value)) * units.get(name, 1.0) for name, value in zip(names, found.log_parameters, strict=True)}
    errors = {name: values[name] * float(error) for name, error in zip(names, found.log_standard_errors, strict=True)}
    return replace(
        run,
        parameters={name: float(f"{value:.{DIGITS}g}") for name, value in values.items()},
        standard_errors={name: float(f"{error:.4g}") for name, error in errors.items()} if not found.with_prior else {},
        log_likelihood=round(log_likelihood, 6),
        converged=True,
    )


def _prior_note(found: Climb) -> str:
    return "; plain maximum likelihood had no answer, a weak prior was needed" if found.with_prior else ""


def _coarse(columns: tuple[NDArray[Any], ...], customers: NDArray[np.int64]) -> tuple[tuple[NDArray[Any], ...], NDArray[Any]] | None:
    """Neighbours in one row, at their mean: exact in `x`, 40 cells along each other column; None where the data are small already."""
    if len(customers) <= COARSE_ABOVE:
        return None
    cells = [columns[0], *(np.round(40 * (column - column.min()) / max(np.ptp(column), 1e-300)) for column in columns[1:])]
    _, group = np.unique(np.column_stack(cells), axis=0, return_inverse=True)
    weights = np.bincount(group, customers)
    means = tuple(np.bincount(group, customers * column) / weights for column in columns[1:])
    x = np.rint(np.bincount(group, customers * columns[0]) / weights).astype(np.int64)
    return (x, *means), weights


def _expected_over_actual(parameters: PurchaseParameters, tuples: PurchaseTuples) -> float:
    """Repeats the model expects of everybody by their age today, over those that happened."""
    ages, group = np.unique(tuples.age, return_inverse=True)
    alive = p_alive(parameters, np.zeros(1), np.zeros(1), np.zeros(1))[0]
    expected = alive * expected_purchases_if_alive(parameters, 0, ages / parameters.alpha)
    return float(np.bincount(group, tuples.customers) @ expected) / float(tuples.customers @ tuples.x)
