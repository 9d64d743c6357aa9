"""Customers of a channel, or of a first category, fitted together: each group near everybody, as near as the groups are to each other.

Empirical Bayes: a group's parameters have a prior around those of everybody, whose width is how far the groups differ beyond what their
own errors explain. A small group is nearly everybody, a large one nearly itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodwill.clv.fitting import fit_purchases, purchase_likelihood
from goodwill.clv.holdout import Holdout, forecast
from goodwill.clv.maximising import Prior, weak_prior
from goodwill.clv.measuring import measure
from goodwill.clv.outlooks import ModelName, outlook_of
from goodwill.clv.runs import ModelRun
from goodwill.clv.tuples import PurchaseTuples

__all__ = ["BY_GROUP", "fit_groups", "measure_groups"]

Floats = NDArray[np.float64]

#: What is added to a model's name where it is measured with groups.
BY_GROUP = "_by_group"
#: Repeat customers below which a group is scored with everybody.
FEWEST_REPEAT = 10
#: Standard deviation of the first look, and the least that groups are taken to differ by.
FIRST_LOOK, LEAST = 1.0, 0.05


def fit_groups(model: ModelName, groups: Mapping[str, PurchaseTuples], everybody: ModelRun) -> list[ModelRun]:
    """A run for each group that is large enough, pooled towards `everybody`; fewer than two such groups are not pooled at all."""
    large = {name: tuples for name, tuples in groups.items() if tuples.repeat_customer_count >= FEWEST_REPEAT}
    if len(large) < 2 or everybody.status != "accepted":
        return []
    centre = np.array(list(everybody.parameters.values()))
    shape = weak_prior(purchase_likelihood(model, next(iter(large.values()))))

    def fitted(deviations: Floats) -> dict[str, ModelRun]:
        prior = Prior(centre, np.diag(1 / deviations**2), shape.pairs)
        return {name: fit_purchases(model, tuples, FEWEST_REPEAT, True, everybody.parameters, prior) for name, tuples in large.items()}

    first = {name: run for name, run in fitted(np.full(len(centre), FIRST_LOOK)).items() if run.parameters}
    away = [shape.coordinates(_logs(run)) - shape.coordinates(np.log(centre)) for run in first.values()]
    errors = [_squared_errors(run, shape) for run in first.values()]
    between = np.mean([np.square(distance) - error for distance, error in zip(away, errors, strict=True)], axis=0)
    pooled = fitted(np.sqrt(np.clip(between, LEAST**2, FIRST_LOOK**2)))
    return [replace(run, group_name=name) for name, run in pooled.items() if run.status == "accepted"]


def _logs(run: ModelRun) -> Floats:
    return np.asarray(np.log(np.array(list(run.parameters.values()))), dtype=np.float64)


def _squared_errors(run: ModelRun, shape: Prior) -> Floats:
    """Squared standard errors of the prior's coordinates: the delta method, by differences."""
    values = np.array(list(run.parameters.values()))
    log_covariance = np.array(run.covariance) / np.outer(values, values)
    step = 1e-5 * np.eye(len(values))
    slopes = np.array([(shape.coordinates(_logs(run) + each) - shape.coordinates(_logs(run) - each)) / 2e-5 for each in step]).T
    return np.asarray(np.diag(slopes @ log_covariance @ slopes.T))


def measure_groups(model: ModelName, everybody: ModelRun, groups: Mapping[str, Holdout]) -> dict[str, Any] | None:
    """The forecast by groups in a holdout, as a result beside that of `everybody`, which was fitted at the same cut.

    Returns
    -------
    As of `measure_models`, its `model` ending in `_by_group`; None where there are no groups to pool.
    """
    runs = {run.group_name: run for run in fit_groups(model, {name: held.tuples for name, held in groups.items()}, everybody)}
    if not runs:
        return None
    predicted = []
    for name, held in groups.items():
        outlook = outlook_of(model, runs.get(name, everybody).parameters)
        predicted.append(forecast(outlook, held.tuples, held.weeks)[:, -1][held.place])
    actual, customers = (
        np.concatenate([getattr(held, column) for held in groups.values()]).astype(np.float64) for column in ("actual", "customers")
    )
    first = next(iter(groups.values()))
    measured = asdict(measure(np.concatenate(predicted), actual, customers))
    return {"model": model + BY_GROUP, "cut_on": first.cut.isoformat(), "weeks": first.weeks, **measured}
