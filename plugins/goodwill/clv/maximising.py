"""To the top of a likelihood, always the same one: BFGS on a sample, Newton on the whole, and a look at where it ended.

The climb goes by the logarithms of the parameters. A weak prior (a factor of 7 either way is nothing unusual) keeps a peak where the
data have none (nobody drops out, everybody is alike); its weight is that of a few customers, so it fades with their number. It is
stated in unit-free terms: whether time is counted in days or weeks, money in euros or cents, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from goodwill.clv.models.likelihood import Likelihood

__all__ = ["Peak", "Prior", "climb", "weak_prior"]

Floats = NDArray[np.float64]

#: Standard deviation of the weak prior in each direction.
PRIOR_SD = 2.0
#: The largest slope of the mean log-posterior of a customer, by the logarithm of a parameter, that counts as a top.
GRADIENT_LIMIT = 1e-8
#: A logarithm of a parameter further than this from its start has run away: the data do not bound it.
BOUND = 10.0
#: Above this many tuples the climb begins on a sample of them.
SAMPLE = 20_000
_NEWTON_STEPS = 60
_CHORDS = 12
#: Pairs of Beta parameters, of which sum and ratio are what is known beforehand.
_BETA_PAIRS = (("a", "b"),)


@dataclass(frozen=True)
class Prior:
    """Independent normals on the coordinates of the log parameters: each itself, but of a Beta's pair log(a + b) and log(a / b).

    Parameters
    ----------
    centre : parameters (not logarithms) in the middle.
    precision : inverse covariance of the coordinates.
    pairs : places of the Beta pairs.
    """

    centre: Floats
    precision: Floats
    pairs: tuple[tuple[int, int], ...] = ()

    def coordinates(self, logs: Floats) -> Floats:
        result = logs.copy()
        for i, j in self.pairs:
            result[i], result[j] = np.logaddexp(logs[i], logs[j]), logs[i] - logs[j]
        return result

    def evaluate(self, logs: Floats) -> tuple[float, Floats, Floats]:
        """Log-density up to a constant, its gradient and Hessian by the logarithms."""
        away = self.coordinates(logs) - self.coordinates(np.log(self.centre))
        pull = self.precision @ away
        jacobian = np.eye(len(logs))
        bend = np.zeros_like(jacobian)
        for i, j in self.pairs:
            share = 1 / (1 + np.exp(logs[j] - logs[i]))
            jacobian[i, [i, j]] = share, 1 - share
            jacobian[j, [i, j]] = 1.0, -1.0
            bend[np.ix_([i, j], [i, j])] += pull[i] * share * (1 - share) * np.array([[1.0, -1.0], [-1.0, 1.0]])
        return -0.5 * float(away @ pull), -(jacobian.T @ pull), -(jacobian.T @ self.precision @ jacobian) - bend


def weak_prior(likelihood: Likelihood) -> Prior:
    """The prior of a shop of which nothing is known but its scale: around the start, with `PRIOR_SD` in each direction."""
    names = likelihood.names
    pairs = tuple((names.index(a), names.index(b)) for a, b in _BETA_PAIRS if a in names and b in names)
    return Prior(likelihood.start(), np.eye(len(names)) / PRIOR_SD**2, pairs)


@dataclass(frozen=True)
class Peak:
    """Where a climb ended: the parameters, the covariance of their logarithms, the log-likelihood there (without any prior).

    `slope` is the steepest mean gradient of a customer that is left; `evaluations` counts passes over the whole data.
    """

    names: tuple[str, ...]
    parameters: Floats
    log_covariance: Floats
    log_likelihood: float
    slope: float
    evaluations: int
    with_prior: bool

    @property
    def covariance(self) -> Floats:
        """Covariance of the parameters themselves, by the delta method."""
        return self.log_covariance * np.outer(self.parameters, self.parameters)


@dataclass
class _Surface:
    """Minus the mean log-posterior of a customer, by the logarithms of the parameters."""

    likelihood: Likelihood
    prior: Prior | None
    evaluations: int = 0
    last: dict[str, float] = field(default_factory=dict)

    def at(self, logs: Floats, curvature: bool) -> tuple[float, Floats, Floats | None]:
        self.evaluations += 1
        parameters = np.exp(logs)
        with np.errstate(all="ignore"):
            found = self.likelihood.evaluate(parameters, curvature)
        value, gradient = found.value, found.gradient * parameters
        hessian = None if found.hessian is None else found.hessian * np.outer(parameters, parameters) + np.diag(gradient)
        self.last = {"log_likelihood": found.value}
        if self.prior is not None:
            added = self.prior.evaluate(logs)
            value, gradient = value + added[0], gradient + added[1]
            hessian = None if hessian is None else hessian + added[2]
        n = self.likelihood.customers
        return -value / n, -gradient / n, None if hessian is None else -hessian / n


def climb(likelihood: Likelihood, prior: Prior | None = None, begin: Mapping[str, float] | None = None) -> Peak | str:
    """Maximise a likelihood, or the posterior where a prior is given.

    Parameters
    ----------
    begin : parameters to begin with, such as those of the last night; without them, or where they lead nowhere, the start of the model.

    Returns
    -------
    The peak, or in plain words why there is none.
    """
    surface = _Surface(likelihood, prior)
    start = np.log(likelihood.start())
    small = likelihood.sample(SAMPLE)
    share = likelihood.customers / max(small.customers, 1.0)
    # the sample's prior weighs as little against it as the prior itself against all
    scaled = None if prior is None else Prior(prior.centre, prior.precision / share, prior.pairs)
    rough = _Surface(small, scaled)
    if begin and all(begin.get(name, 0.0) > 0 for name in likelihood.names):
        warm = np.log([begin[name] for name in likelihood.names])
        found = _newton(surface, _chords(surface, rough, warm), start)
        if isinstance(found, Peak):
            return found
    # BFGS, and not L-BFGS-B with its bounds: that wakes the threads of LAPACK, which for four numbers cost more than all the rest
    result = minimize(_boxed(rough, start), start, jac=True, method="BFGS", options={"maxiter": 200, "gtol": 1e-6})
    best = np.clip(result.x, start - BOUND, start + BOUND) if np.isfinite(result.x).all() else start
    return _newton(surface, _chords(surface, rough, best), start)


def _boxed(surface: _Surface, start: Floats) -> Callable[[Floats], tuple[float, Floats]]:
    """Value and gradient within `BOUND` of the start; beyond, those of the edge and a slope back."""

    def at(logs: Floats) -> tuple[float, Floats]:
        inside = np.clip(logs, start - BOUND, start + BOUND)
        value, gradient, _ = surface.at(inside, curvature=False)
        beyond = logs - inside
        return value + float(beyond @ beyond), np.where(beyond == 0, gradient, 2 * beyond)

    return at


def _chords(surface: _Surface, rough: _Surface, point: Floats) -> Floats:
    """Newton steps on the whole with the curvature of the sample, which costs nothing, for as long as each halves the slope."""
    if rough.likelihood.customers == surface.likelihood.customers:
        return point
    _, _, hessian = rough.at(point, curvature=True)
    if hessian is None or not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 0:
        return point
    _, gradient, _ = surface.at(point, curvature=False)
    for _ in range(_CHORDS):
        step = -np.linalg.solve(hessian, gradient)
        trial = point + step / max(1.0, float(np.abs(step).max()))
        _, slope, _ = surface.at(trial, curvature=False)
        if not np.abs(slope).max() < 0.5 * np.abs(gradient).max():
            break
        point, gradient = trial, slope
        if np.abs(gradient).max() < GRADIENT_LIMIT / 10:
            break
    return point


def _newton(surface: _Surface, point: Floats, start: Floats) -> Peak | str:
    """Newton steps, halved while they lead down; refuses a point that is not the top of a hill."""
    value, gradient, hessian = surface.at(point, curvature=True)
    for _ in range(_NEWTON_STEPS):
        if not np.isfinite(value) or hessian is None or not np.isfinite(hessian).all():
            return "the likelihood is not a number there"
        lowest = float(np.linalg.eigvalsh(hessian).min())
        if np.abs(gradient).max() < GRADIENT_LIMIT:
            if lowest <= 0:
                return "the likelihood has no peak there (its Hessian is not positive definite)"
            return _polished(surface, point, gradient, hessian)
        if lowest <= 0:
            hessian = hessian + np.eye(len(point)) * (1e-3 - lowest)
        step = -np.linalg.solve(hessian, gradient)
        step /= max(1.0, float(np.abs(step).max()))
        for _ in range(30):
            trial = point + step
            if np.abs(trial - start).max() > BOUND:
                return "a parameter runs away: the data do not bound it"
            new = surface.at(trial, curvature=True)
            # near the top the value no longer tells up from down: there the slope does
            if np.isfinite(new[0]) and (new[0] <= value or np.abs(new[1]).max() < 0.5 * np.abs(gradient).max()):
                break
            step = step / 2
        else:
            return "no step leads up"
        point, (value, gradient, hessian) = trial, new
    return f"the gradient stays above {GRADIENT_LIMIT:g}"


def _polished(surface: _Surface, point: Floats, gradient: Floats, hessian: Floats) -> Peak:
    """The top after a last step for the digits: where two starts end then no longer differs in what is published."""
    reached = surface.last["log_likelihood"]
    trial = point - np.linalg.solve(hessian, gradient)
    _, slope, _ = surface.at(trial, curvature=False)
    if np.abs(slope).max() < np.abs(gradient).max():
        point, gradient = trial, slope
    else:
        surface.last["log_likelihood"] = reached
    covariance = np.linalg.inv(hessian) / surface.likelihood.customers
    return Peak(
        surface.likelihood.names,
        np.exp(point),
        (covariance + covariance.T) / 2,
        surface.last["log_likelihood"],
        float(np.abs(gradient).max()),
        surface.evaluations,
        surface.prior is not None,
    )
