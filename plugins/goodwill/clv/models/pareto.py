"""Pareto/NBD: the likelihood on tuples in a form that holds for heavy buyers, with its gradient; and what it says of a history.

A customer buys at a rate lambda ~ Gamma(r, alpha) until a time of death that is exponential with a rate mu ~ Gamma(s, beta). With
m = r + x, the two ways to the history are to be alive today, or to have died at some y after the last purchase:

    L = Gamma(m) alpha^r beta^s / Gamma(r) * ( (alpha+T)^-m (beta+T)^-s + G(t_x) - G(T) )
    G(t) = integral from t to infinity of s (alpha+y)^-m (beta+y)^-(s+1) dy

With v = (alpha+t) / (alpha+y), c = m + s and z = (alpha-beta) / (alpha+t), which is below 1 whichever of the two is the larger,

    G(t) = s (alpha+t)^-c * I(c, z),    I(c, z) = integral from 0 to 1 of v^(c-1) (1 - z v)^-(s+1) dv = 2F1(s+1, c; c+1; z) / c

I is integrated by the double exponential rule: the published 2F1 comes in two forms that depend on which of alpha and beta is larger,
and neither has a value in double precision for a few hundred purchases. G is needed once for a distinct (x, t), not for each tuple.
Sources: Schmittlein, Morrison & Colombo 1987, Management Science 33(1); Fader & Hardie 2005, "A Note on Deriving the Pareto/NBD Model".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from goodwill.clv.models.likelihood import Evaluation
from goodwill.clv.sums import weighted_sum
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["Pareto", "log_tail"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Step and reach of the double exponential rule u = f exp(k - exp(-k)) / c, u = -ln v: I is exact to about 1e-11. Far below 0 z keeps the
#: integrand from falling until v is about -1/z: the rule is stretched by f, so that it reaches beyond.
_K = np.arange(-3.6, 4.0, 0.09)
_NODES = np.exp(_K - np.exp(-_K))
_LOG_WIDTHS = np.log(0.09 * _NODES * (1 + np.exp(-_K)))
#: Pairs integrated at a time: bounds the memory, and keeps a block in the processor's cache.
_BLOCK = 2048


def log_tail(c: Floats, z: Floats, s: float, slopes: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Logarithm of I(c, z), and its derivatives by c, by s in the exponent only, and by z (zeros unless `slopes`)."""
    log_i, by_c, by_s, by_z = (np.zeros(len(c)) for _ in range(4))
    for begin in range(0, len(c), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        scale, across = c[part, None], z[part, None]
        stretch = 1 + scale * np.log1p(np.maximum(-across, 0.0)) / _NODES[-1]
        reached = stretch * _NODES
        u = reached / scale
        # 1 - z exp(-u), without loss where z is near 1 and u near 0
        rest = (1 - across) - across * np.expm1(-u)
        log_rest = np.log(rest)
        log_terms = _LOG_WIDTHS + np.log(stretch) - reached - (s + 1) * log_rest
        top = log_terms.max(axis=1, keepdims=True)
        terms = np.exp(log_terms - top)
        total = terms.sum(axis=1)
        log_i[part] = np.log(total) + top[:, 0] - np.log(c[part])
        if slopes:
            by_c[part] = -(terms * u).sum(axis=1) / total
            by_s[part] = -(terms * log_rest).sum(axis=1) / total
            by_z[part] = (s + 1) * (terms * np.exp(-u) / rest).sum(axis=1) / total
    return log_i, by_c, by_s, by_z


class Pareto:
    """The log-likelihood of Pareto/NBD; its Hessian is that of differences of the gradient (central, in the logarithms).

    Parameters
    ----------
    tuples : ordered by x.
    days_per_unit : length of the time unit of `alpha` and `beta` in days.
    """

    names = ("r", "alpha", "s", "beta")

    def __init__(self, tuples: PurchaseTuples, days_per_unit: float = DAYS_PER_WEEK) -> None:
        self.tuples, self.days_per_unit = tuples, days_per_unit
        self.weights = tuples.customers.astype(np.float64)
        self.customers = float(self.weights.sum())
        span = int(tuples.age_days.max(initial=0)) + 1
        # the distinct (x, day) of last purchases and of ages, and where each tuple finds its two
        keys = np.concatenate([tuples.x * span + tuples.t_x_days, tuples.x * span + tuples.age_days])
        pairs, place = np.unique(keys, return_inverse=True)
        self.pair_x, self.pair_time = (pairs // span).astype(np.float64), (pairs % span) / days_per_unit
        self.last, self.now = place[: len(tuples.x)], place[len(tuples.x) :]
        self.x_values, self.place = np.unique(tuples.x, return_inverse=True)
        self.by_x = np.bincount(self.place, self.weights, len(self.x_values))

    def sample(self, size: int) -> Pareto:
        return Pareto(self.tuples.sample(size), self.days_per_unit)

    def start(self) -> Floats:
        time = max(weighted_sum(self.weights, self.tuples.age_days), 1.0) / self.days_per_unit
        rate = max(weighted_sum(self.weights, self.tuples.x), 1.0) / time
        return np.array([1.0, 1.0 / rate, 0.5, max(time / max(self.customers, 1.0), 1.0 / self.days_per_unit) / 2])

    def evaluate(self, parameters: Floats, curvature: bool = True) -> Evaluation:
        value, gradient = self._value(parameters)
        if not curvature:
            return Evaluation(value, gradient)
        step = 1e-4
        hessian = np.empty((4, 4))
        for i in range(4):
            sides = [self._value(parameters * np.exp(sign * step * np.eye(4)[i]))[1] for sign in (1, -1)]
            hessian[i] = (sides[0] - sides[1]) / (2 * np.sinh(step) * parameters[i])
        return Evaluation(value, gradient, (hessian + hessian.T) / 2)

    def p_alive(self, parameters: Floats) -> Floats:
        """Probability of being alive today, by tuple."""
        return np.exp(-np.logaddexp(0.0, self._log_odds(parameters, slopes=False)[0]))

    def _value(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, s, beta = (float(value) for value in parameters)
        x, n = self.x_values, self.by_x
        log_odds, by = self._log_odds(parameters, slopes=True)
        later, late = alpha + self._age, beta + self._age
        log_later, log_late = np.log(later), np.log(late)
        repeats = r + self.tuples.x
        value = n @ (gammaln(r + x) - gammaln(r)) + self.customers * (r * np.log(alpha) + s * np.log(beta))
        value -= self._sum(repeats * log_later + s * log_late) - self._sum(np.logaddexp(0.0, log_odds))
        gradient = np.array(
            [
                n @ (psi(r + x) - psi(r)) + self.customers * np.log(alpha) - self._sum(log_later) + self._sum(by[0]),
                self.customers * r / alpha - self._sum(repeats / later) + self._sum(by[1]),
                self.customers * np.log(beta) - self._sum(log_late) + self._sum(by[2]),
                self.customers * s / beta - self._sum(s / late) + self._sum(by[3]),
            ]
        )
        return float(value), gradient

    def _sum(self, by_tuple: Floats) -> float:
        """Sum over customers."""
        return weighted_sum(self.weights, by_tuple)

    @property
    def _age(self) -> Floats:
        return self.tuples.age_days / self.days_per_unit

    def _log_odds(self, parameters: Floats, slopes: bool) -> tuple[Floats, list[Floats]]:
        """Logarithm of the odds of having died, (G(t_x) - G(T)) / ((alpha+T)^-m (beta+T)^-s), and by the parameters that of 1 + odds.

        The two tails are compared first, then held against the alive term, all in logarithms: no power overflows.
        """
        r, alpha, s, beta = (float(value) for value in parameters)
        c = r + self.pair_x + s
        since = alpha + self.pair_time
        log_i, by_c, by_s, by_z = log_tail(c, (alpha - beta) / since, s, slopes)
        log_since = np.log(since)
        log_g = np.log(s) - c * log_since + log_i
        shape = r + self.tuples.x
        later, late = alpha + self._age, beta + self._age
        log_died = log_g[self.last] + shape * np.log(later) + s * np.log(late)
        left_out = np.minimum(log_g[self.now] - log_g[self.last], 0.0)
        with np.errstate(divide="ignore"):
            log_odds = log_died + np.log(-np.expm1(left_out))
        if not slopes:
            return log_odds, []
        g_slopes = (
            by_c - log_since,
            -c / since + by_z * (self.pair_time + beta) / since**2,
            1 / s + by_c - log_since + by_s,
            -by_z / since,
        )
        alive_slopes = (-np.log(later), -shape / later, -np.log(late), -s / late)
        # what died after the last purchase, after today, and in between, each over all: the derivatives are weighted by them
        all_ways = np.logaddexp(0.0, log_odds)
        after_last, gone = np.exp(log_died - all_ways), np.exp(log_odds - all_ways)
        after_now = after_last * np.exp(left_out)
        return log_odds, [
            after_last * slope[self.last] - after_now * slope[self.now] - gone * alive
            for slope, alive in zip(g_slopes, alive_slopes, strict=True)
        ]
