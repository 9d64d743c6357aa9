"""The help that lifetimes needs to end at the optimum, always the same one, on a shop of any size.

lifetimes states the models and climbs to the maximum of their likelihood (`BetaGeoFitter`, `ModifiedBetaGeoFitter`,
`GammaGammaFitter`, with `weights`). Four things are added around it:

- a start near the answer, first climbed on a coarse grouping of large data, with the curvature found there: each evaluation of the
  full data costs, and few are left to do. The maximum is that of the full data: the coarse one is only where the climb begins;
- Newton steps at the end, on lifetimes' own likelihood, to a gradient below 1e-9: the result no longer depends on the start;
- where plain maximum likelihood has no answer (nobody drops out, everybody is alike), a weak prior on the logarithms of the
  parameters. lifetimes' own penalizer cannot do it: it pulls the parameters to zero, which is where they run away to;
- its complaints as values, not as prints and exceptions.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import autograd
import numpy as np
from numpy.typing import NDArray

__all__ = ["PRIOR_SD", "Climb", "climb"]

Floats = NDArray[np.float64]
#: What a fitter's `fit` takes: its data columns, without the number of customers behind each row.
Columns = Sequence[NDArray[Any]]

#: Standard deviation of the weak prior on each log parameter, around the start: a factor of 7 either way is nothing unusual.
PRIOR_SD = 2.0
GRADIENT_LIMIT = 1e-9
#: |log parameter| beyond this has run away: the data do not bound it.
LOG_LIMIT = 9.0
_NEWTON_STEPS = 25


@dataclass(frozen=True)
class Climb:
    """Where a climb ended: log parameters of the scaled data, their standard errors, the mean log-likelihood; if a prior took part."""

    log_parameters: Floats
    log_standard_errors: Floats
    mean_log_likelihood: float
    with_prior: bool


def climb(
    fitter: type[Any], columns: Columns, weights: NDArray[Any], start: Floats, coarse: tuple[Columns, Floats] | None = None
) -> Climb | str:
    """Maximise the likelihood of a lifetimes fitter.

    Parameters
    ----------
    fitter : one of lifetimes' fitter classes.
    columns, weights : the data, scaled so that the largest age, or the mean spend, is 1.
    start : log parameters to begin with, and the centre of the prior where one is needed.
    coarse : the same data in fewer rows, with their weights.

    Returns
    -------
    The climb, or in plain words why there is none.
    """
    found = _from(fitter, 0.0, columns, weights, start, coarse)
    if isinstance(found, str):
        # lifetimes maximises the mean per customer, so the prior is shared among them
        share = 1 / (2 * PRIOR_SD**2 * float(weights.sum()))
        found = _from(_with_prior(fitter, start), share, columns, weights, start, coarse)
        if isinstance(found, str):
            return found
        point, hessian, value = found
        value -= share * float(np.square(point - start).sum())
        return _climb(point, hessian, value, weights, with_prior=True)
    return _climb(*found, weights, with_prior=False)


def _climb(point: Floats, hessian: Floats, value: float, weights: NDArray[Any], with_prior: bool) -> Climb:
    return Climb(point, np.sqrt(np.diag(np.linalg.inv(hessian)) / float(weights.sum())), -value, with_prior)


def _with_prior(fitter: type[Any], centre: Floats) -> type[Any]:
    """The fitter with its penalty on the squared distance of the log parameters from `centre`."""

    class WithPrior(fitter):  # type: ignore[misc]  # lifetimes has no types
        @staticmethod
        def _negative_log_likelihood(log_params: Any, *arguments: Any) -> Any:
            *data, penalty = arguments
            return fitter._negative_log_likelihood(log_params, *data, 0.0) + penalty * ((log_params - centre) ** 2).sum()

    return WithPrior


def _from(
    fitter: type[Any], penalty: float, columns: Columns, weights: NDArray[Any], start: Floats, coarse: tuple[Columns, Floats] | None
) -> tuple[Floats, Floats, float] | str:
    """From the start to the top of the data, by way of the coarse data where there are any."""
    if coarse is None:
        return _attempt(fitter(penalty), columns, weights, start, {})
    first = _attempt(fitter(penalty), *coarse, start, {})
    if isinstance(first, str):
        return first
    # scipy wants a start for the inverse Hessian that is symmetric to the last bit
    inverse = np.linalg.inv(first[1])
    return _attempt(fitter(penalty), columns, weights, first[0], {"hess_inv0": (inverse + inverse.T) / 2})


def _attempt(
    model: Any, columns: Columns, weights: NDArray[Any], start: Floats, options: dict[str, Any]
) -> tuple[Floats, Floats, float] | str:
    """One fit by lifetimes, polished: log parameters, Hessian and value of the mean negative log-likelihood."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model.fit(*columns, weights=weights, initial_params=start, tol=1e-6, **options)
            return _polish(model, np.log(model.params_.to_numpy()), (*columns, weights, model.penalizer_coef))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return f"lifetimes did not converge ({type(error).__name__})"


def _polish(model: Any, point: Floats, arguments: tuple[Any, ...]) -> tuple[Floats, Floats, float] | str:
    """Newton steps from lifetimes' answer; refuses a point that is not the bottom of a bowl."""
    slope = autograd.value_and_grad(model._negative_log_likelihood)
    curvature = autograd.hessian(model._negative_log_likelihood)
    hessian = model._hessian_
    value, gradient = slope(point, *arguments)
    for _ in range(_NEWTON_STEPS):
        if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 0:
            return "the likelihood has no peak there (its Hessian is not positive definite)"
        step = np.linalg.solve(hessian, gradient)
        step /= max(1.0, float(np.abs(step).max()))
        point = point - step
        if np.abs(point).max() > LOG_LIMIT:
            return "a parameter runs away: the data do not bound it"
        value, gradient = slope(point, *arguments)
        if np.abs(gradient).max() < GRADIENT_LIMIT and np.abs(step).max() < 1e-4:
            return point, hessian, float(value)
        hessian = curvature(point, *arguments)
    return f"the gradient stays above {GRADIENT_LIMIT:g}"
