"""The help that lifetimes needs to end at the optimum, always the same one, on a shop of any size.

lifetimes states the models and climbs to the maximum of their likelihood (`BetaGeoFitter`, `ModifiedBetaGeoFitter`,
`GammaGammaFitter`, with `weights`). Four things are added around it:

- a start near the answer, first climbed on a coarse grouping of large data, with the curvature found there: each evaluation of the
  full data costs, and few are left to do. The maximum is that of the full data: the coarse one is only where the climb begins;
- Newton steps at the end, on lifetimes' own likelihood, to a gradient below 1e-9: the result no longer depends on the start;
- another start, then a weak penalty, where it does not converge or lands where one parameter says nothing (nobody drops out);
- its complaints as values, not as prints and exceptions.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import autograd
import numpy as np
from numpy.typing import NDArray

__all__ = ["Climb", "climb"]

Floats = NDArray[np.float64]
#: What a fitter's `fit` takes: its data columns, then the number of customers behind each row.
Columns = Sequence[NDArray[Any]]

#: Weak penalties on the squared parameters (time and money scaled to 1), tried in turn where plain maximum likelihood has no answer.
PENALTIES = (0.0, 1e-6, 1e-4, 1e-2)
GRADIENT_LIMIT = 1e-9
#: |log parameter| beyond this has run away: the data do not bound it.
LOG_LIMIT = 9.0
_NEWTON_STEPS = 8


@dataclass(frozen=True)
class Climb:
    """Where a climb ended: log parameters of the scaled data, their standard errors, the mean log-likelihood, the penalty it needed."""

    log_parameters: Floats
    log_standard_errors: Floats
    mean_log_likelihood: float
    penalty: float


def climb(
    fitter: Callable[[float], Any], columns: Columns, weights: NDArray[Any], starts: Sequence[Floats], coarse: tuple[Columns, Floats] | None = None
) -> Climb | str:
    """Maximise the likelihood of a lifetimes fitter.

    Parameters
    ----------
    fitter : a penalty → a lifetimes fitter, not fitted.
    columns, weights : the data, scaled so that the largest age, or the mean spend, is 1.
    starts : log parameters to begin with, in turn.
    coarse : the same data in fewer rows, with their weights.

    Returns
    -------
    The climb, or in plain words why every one failed.
    """
    complaint = "no start given"
    for penalty in PENALTIES:
        for start in starts:
            options: dict[str, Any] = {}
            if coarse is not None:
                first = _attempt(fitter(penalty), *coarse, start, {})
                if isinstance(first, str):
                    complaint = first
                    continue
                # scipy wants a start for the inverse Hessian that is symmetric to the last bit
                inverse = np.linalg.inv(first[1])
                start, options = first[0], {"hess_inv0": (inverse + inverse.T) / 2}
            found = _attempt(fitter(penalty), columns, weights, start, options)
            if isinstance(found, str):
                complaint = found
                continue
            log_parameters, hessian, value = found
            errors = np.sqrt(np.diag(np.linalg.inv(hessian)) / float(weights.sum()))
            return Climb(log_parameters, errors, -value, penalty)
    return complaint


def _attempt(model: Any, columns: Columns, weights: NDArray[Any], start: Floats, options: dict[str, Any]) -> tuple[Floats, Floats, float] | str:
    """One fit by lifetimes from one start, polished: log parameters, Hessian and value of the mean negative log-likelihood."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model.fit(*columns, weights=weights, initial_params=start, tol=1e-6, **options)
            return _polish(model, np.log(model.params_.to_numpy()), (*columns, weights, model.penalizer_coef))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return f"lifetimes did not converge: {str(error).strip() or type(error).__name__}"


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
        if np.abs(point).max() > LOG_LIMIT or np.abs(step).max() > 1:
            return "a parameter runs away: the data do not bound it"
        point = point - step
        value, gradient = slope(point, *arguments)
        if np.abs(gradient).max() < GRADIENT_LIMIT and np.abs(step).max() < 1e-4:
            return point, hessian, float(value)
        hessian = curvature(point, *arguments)
    return f"the gradient stays above {GRADIENT_LIMIT:g}"
