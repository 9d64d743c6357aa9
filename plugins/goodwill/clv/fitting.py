"""One model on one set of tuples: the climb, the guards, and what the run says of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from goodwill.clv.independence import Dependence
from goodwill.clv.maximising import Peak, Prior, climb, weak_prior
from goodwill.clv.models.beta_geometric import BetaGeometric
from goodwill.clv.models.gamma_gamma import GammaGamma
from goodwill.clv.models.likelihood import Likelihood
from goodwill.clv.models.pareto import Pareto
from goodwill.clv.outlooks import ModelName, outlook_of
from goodwill.clv.runs import SPEND_MODEL, ModelRun
from goodwill.clv.tuples import PurchaseTuples, SpendTuples

__all__ = ["Q_MINIMUM", "climbed", "fit_purchases", "fit_spend", "purchase_likelihood"]

#: Parameters are rounded to this many digits: what the last bits of a sum do is not published.
DIGITS = 8
#: Guards: expected over actual repeats in the observed time; modelled over observed mean spend; the spend model has a mean.
REPEATS_RATIO, SPEND_RATIO, Q_MINIMUM = (0.5, 2.0), (0.8, 1.25), 1.05


def purchase_likelihood(name: ModelName, tuples: PurchaseTuples) -> BetaGeometric | Pareto:
    """The likelihood of a purchase model on tuples, in weeks."""
    return Pareto(tuples) if name == "pareto_nbd" else BetaGeometric(name, tuples)


def fit_purchases(
    name: ModelName,
    tuples: PurchaseTuples,
    minimum: int,
    use_prior: bool = True,
    begin: Mapping[str, float] | None = None,
    prior: Prior | None = None,
) -> ModelRun:
    """A purchase model, by maximum of the posterior, or of the likelihood without a prior; times in weeks.

    Parameters
    ----------
    minimum : repeat customers below which no model is fitted.
    begin : parameters to begin with; the result does not depend on them.
    prior : another prior than the weak one.
    """
    run = ModelRun(
        name, tuples.customer_count, tuples.repeat_customer_count, len(tuples.x), tuples.data_hash, "not_fitted", "", time_unit="week"
    )
    if run.repeat_customers < minimum:
        return replace(run, message=f"too few repeat customers: {run.repeat_customers}, at least {minimum} are needed")
    run = climbed(run, purchase_likelihood(name, tuples), use_prior, begin, prior)
    if not run.parameters:
        return run
    ratio = _expected_over_actual(name, run.parameters, tuples)
    said = f"expected repeats are {ratio:.3f} times the actual ones"
    return replace(run, status="accepted" if REPEATS_RATIO[0] <= ratio <= REPEATS_RATIO[1] else "rejected", message=said)


def fit_spend(
    tuples: SpendTuples,
    minimum: int,
    use_prior: bool = True,
    begin: Mapping[str, float] | None = None,
    dependence: Dependence | None = None,
    limit: float = 1.0,
) -> ModelRun:
    """Gamma-Gamma on the mean spend of repeat customers; money in units of the reporting currency.

    Parameters
    ----------
    dependence : how spend goes with frequency; surely beyond `limit`, the model is rejected, because it takes them for independent.
    """
    customers = tuples.customer_count
    run = ModelRun(SPEND_MODEL, customers, customers, len(tuples.x), tuples.data_hash, "not_fitted", "")
    if customers < minimum:
        return replace(run, message=f"too few repeat customers with positive spend: {customers}, at least {minimum} are needed")
    if len(np.unique(tuples.cents)) < 2:
        return replace(run, message="all repeat customers spend the same: the mean says it all")
    run = climbed(run, GammaGamma(tuples), use_prior, begin, None)
    if not run.parameters:
        return run
    p, q, v = (run.parameters[name] for name in ("p", "q", "v"))
    if q <= Q_MINIMUM:
        return replace(run, status="rejected", message=f"q = {q:.4g} is not above {Q_MINIMUM}: the modelled mean spend does not exist")
    ratio = p * v / (q - 1) / tuples.mean_spend
    said = f"modelled mean spend is {ratio:.3f} times the observed one" + (f"; {dependence}" if dependence else "")
    if dependence and dependence.beyond(limit):
        return replace(run, status="rejected", message=f"spend goes with frequency, beyond {limit:g}: {said}")
    return replace(run, status="accepted" if SPEND_RATIO[0] <= ratio <= SPEND_RATIO[1] else "rejected", message=said)


def climbed(
    run: ModelRun, likelihood: Likelihood, use_prior: bool, begin: Mapping[str, float] | None = None, prior: Prior | None = None
) -> ModelRun:
    """The run with the parameters at the peak, rounded, and their covariance; or rejected, with the reason why there is no peak.

    Parameters
    ----------
    begin : parameters to begin with.
    prior : another prior than the weak one.
    """
    started = time.monotonic()
    chosen = (prior or weak_prior(likelihood)) if use_prior else None
    found = climb(likelihood, chosen, begin)
    run = replace(run, fitted_seconds=round(time.monotonic() - started, 3), with_prior=use_prior)
    if not isinstance(found, Peak):
        return replace(run, status="rejected", message=found)
    return replace(
        run,
        parameters={name: float(f"{value:.{DIGITS}g}") for name, value in zip(found.names, found.parameters, strict=True)},
        covariance=[[float(f"{cell:.6g}") for cell in line] for line in found.covariance],
        log_likelihood=round(found.log_likelihood, 6),
        converged=True,
        slope=float(f"{found.slope:.2g}"),
        evaluations=found.evaluations,
    )


def _expected_over_actual(name: ModelName, parameters: Mapping[str, float], tuples: PurchaseTuples) -> float:
    """Repeats the model expects of everybody by their age today, over those that happened."""
    outlook = outlook_of(name, parameters)
    days, group = np.unique(tuples.age_days, return_inverse=True)
    none = np.zeros(1, dtype=np.int64)
    new = PurchaseTuples(none, none, none, none + 1)
    expected = float(outlook.p_alive(new)[0]) * outlook.expected_if_alive(0, np.zeros(1), days / 7.0)[0]
    return float(np.bincount(group, tuples.customers) @ expected) / float(tuples.customers @ tuples.x)
