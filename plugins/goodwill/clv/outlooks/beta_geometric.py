"""BG/NBD and MBG/NBD: what a history says about being alive and about the purchases to come.

Both say: a customer buys at a rate lambda ~ Gamma(r, alpha) and drops out with probability p ~ Beta(a, b) after each repeat
purchase; MBG/NBD adds the first purchase as an occasion to drop out, so that one-time buyers may be gone too.
Sources: Fader, Hardie & Lee 2005, Marketing Science 24(2); Batislam, Denizel & Filiztekin 2007, IJRM 24(3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.chebyshev import chebval
from numpy.typing import NDArray
from scipy.special import betaln

from goodwill.clv.models.beta_geometric import BetaGeometricName
from goodwill.clv.outlooks.counting import at_least
from goodwill.clv.tuples import PurchaseTuples

__all__ = ["BetaGeometricOutlook", "expected_purchases_if_alive"]

Floats = NDArray[np.float64]

#: Gauss-Legendre nodes on [-1, 1]: with 160, the integral below is exact to about 1e-12.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)
#: A factor below e^-40 is nothing in double precision; below e^-25 a first-order term says the rest.
_NEGLIGIBLE, _LINEAR = 40.0, 25.0
#: Histories integrated at a time: bounds the memory to about 30 MB.
_BLOCK = 8192


@dataclass(frozen=True)
class BetaGeometricOutlook:
    """A purchase model with its parameters; `alpha` is in weeks."""

    model: BetaGeometricName
    r: float
    alpha: float
    a: float
    b: float

    @property
    def drop_out_occasions(self) -> int:
        """Occasions to drop out besides the repeat purchases: the first purchase, in MBG/NBD."""
        return 1 if self.model == "mbg_nbd" else 0

    def p_alive(self, tuples: PurchaseTuples) -> Floats:
        """P(alive | x, t_x, T); for BG/NBD 1 for every one-time buyer, by construction of that model."""
        before = self.b + tuples.x + self.drop_out_occasions - 1
        logs = np.log(self.alpha + tuples.age) - np.log(self.alpha + tuples.t_x)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_odds = np.log(self.a / before) + (self.r + tuples.x) * logs
        gone_possible = (tuples.x > 0) | (self.drop_out_occasions > 0)
        return np.where(gone_possible, 1.0 / (1.0 + np.exp(np.minimum(log_odds, 700.0))), 1.0)

    def expected_if_alive(self, x: int, age: Floats, weeks: Floats) -> Floats:
        """E[Y(t) | alive, x, T]: one row an age, one column a time ahead, all in weeks."""
        return expected_purchases_if_alive(self, x, weeks / (self.alpha + age[:, None]))

    def tail_if_alive(self, x: int, age: Floats, weeks: float, counts: Floats) -> Floats:
        """P(at least n purchases in the next `weeks` | alive, x, T): one row an age, one column a count n >= 1.

        The n-th purchase needs n - 1 occasions not taken, E[(1-p)^(n-1)] over Beta(a, b+x+k), and an n-th event in time, which is a
        regularised incomplete beta function; alive, rate and drop-out are independent.
        """
        upper = self.b + x + self.drop_out_occasions
        stays = np.minimum(np.exp(betaln(self.a, upper + counts - 1) - betaln(self.a, upper)), 1.0)
        return np.asarray(stays * at_least(counts, self.r + x, weeks / (self.alpha + age + weeks)))

    def days_to_next(self, tuples: PurchaseTuples, p_alive: Floats) -> Floats:
        """Days by which one more purchase is as likely as not; infinite where it never is."""
        short = np.clip(1 - 0.5 / np.maximum(p_alive, 0.5), 1e-300, None)
        growth = np.minimum(-np.log(short) / (self.r + tuples.x), 700.0)
        return np.where(p_alive > 0.5, 7 * (self.alpha + tuples.age) * np.expm1(growth), np.inf)


def expected_purchases_if_alive(outlook: BetaGeometricOutlook, x: int, scaled_time: Floats) -> Floats:
    """E[Y(t) | alive today, x, T]: purchase days in the next t weeks of a customer with x repeats who is still there.

    Multiply by P(alive) to get E[Y(t) | x, t_x, T], once.

    Parameters
    ----------
    x : repeat purchase days so far.
    scaled_time : t / (alpha + T), any shape, not negative.

    Notes
    -----
    Alive after x repeats, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, B), B = b + x (+ 1 for MBG/NBD), so with s = t / (alpha + T)

        E = integral of (1 - (1 + p s)^-(r + x)) / p over Beta(p; a, B),

    which is the published expression C/(a-1) * (1 - (1-z)^(r+x) * 2F1(r+x, C-a+1; C; z)), C = a + B - 1, z = s / (1 + s).
    It is integrated here, in u = logit(p), because the closed form has no value at a = 1 and scipy's 2F1 overflows for heavy buyers
    and returns numbers of any size, without a word, where C is large and z near 1 (a new customer, three years, few drop-outs).
    """
    flat = np.asarray(scaled_time, dtype=np.float64).ravel()
    above = flat[flat > 0]
    shortest, longest = (float(np.log(above.min())), float(np.log(above.max()))) if above.size else (0.0, 0.0)
    nodes = _interpolation_nodes((longest - shortest) / 2)
    if flat.size < 4 * nodes or longest <= shortest:
        return _integrated(outlook, x, flat).reshape(np.shape(scaled_time))
    result = np.zeros_like(flat)
    result[flat > 0] = _interpolated(outlook, x, above, (shortest, longest), nodes)
    return result.reshape(np.shape(scaled_time))


def _interpolation_nodes(half_length: float) -> int:
    """Chebyshev nodes that leave some e^-44 of an error: as a function of log(s) it is smooth up to the line at distance pi of the real ones."""
    reach = np.pi / max(half_length, 0.1)
    return int(np.ceil(44 / np.log(reach + np.hypot(reach, 1.0)))) + 8


def _interpolated(outlook: BetaGeometricOutlook, x: int, s: Floats, ends: tuple[float, float], nodes: int) -> Floats:
    """The integral at some dozens of nodes, and a polynomial of log(s) through E / s elsewhere: a twentieth of the work, equal to 1e-9 anywhere, to 1e-12 as a rule."""
    half = (ends[1] - ends[0]) / 2
    angles = np.pi * (np.arange(nodes) + 0.5) / nodes
    at = np.exp(ends[0] + half * (np.cos(angles) + 1))
    coefficients = np.cos(np.outer(np.arange(nodes), angles)) @ (_integrated(outlook, x, at) / at) * 2 / nodes
    coefficients[0] /= 2
    return np.asarray(s * chebval((np.log(s) - ends[0]) / half - 1, coefficients))


def _integrated(outlook: BetaGeometricOutlook, x: int, flat: Floats) -> Floats:
    """The integral itself, by time."""
    shape, upper = outlook.r + x, outlook.b + x + outlook.drop_out_occasions
    posterior = _drop_out_posterior(outlook.a, upper, shape, float(flat.max(initial=0.0)))
    result = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        s = flat[start : start + _BLOCK]
        gain = -np.expm1(-shape * np.log1p(np.outer(s, posterior.p))) / posterior.p
        tails = posterior.near_0 * shape * s - posterior.near_1 * np.expm1(-shape * np.log1p(s))
        result[start : start + _BLOCK] = np.einsum("ij,j->i", gain, posterior.mass) + tails
    return result


@dataclass(frozen=True)
class _DropOut:
    """Beta(a, upper) as points: nodes `p` with their `mass`, and what lies beyond them, where the integrand is its limit."""

    p: Floats
    mass: Floats
    near_0: float
    near_1: float


def _drop_out_posterior(a: float, upper: float, shape: float, s_max: float) -> _DropOut:
    left, right = _edge(a, upper, -1), _edge(a, upper, +1)
    low = max(left, -float(np.log(max(upper, shape * s_max, s_max, 1.0))) - _LINEAR)
    high = min(right, float(np.log(max(a, shape, 1.0))) + _LINEAR)
    logit = low + (high - low) * (_NODES + 1) / 2
    log_density = _log_density(logit, a, upper)
    top = float(log_density.max())
    mass = np.exp(log_density - top) * _WEIGHTS * (high - low) / 2
    near_0 = float(np.exp(a * low - top)) / a if low > left else 0.0
    near_1 = float(np.exp(-upper * high - top)) / upper if high < right else 0.0
    total = float(mass.sum()) + near_0 + near_1
    return _DropOut(np.exp(-np.logaddexp(0.0, -logit)), mass / total, near_0 / total, near_1 / total)


def _log_density(logit: Floats | float, a: float, upper: float) -> Floats:
    return np.asarray(-a * np.logaddexp(0.0, -logit) - upper * np.logaddexp(0.0, logit))


def _edge(a: float, upper: float, direction: int) -> float:
    """Where the density of logit(p) has fallen by e^-40 from its mode, to the left (-1) or right (+1): doubling, then bisection."""
    mode = float(np.log(a / upper))
    floor = float(_log_density(mode, a, upper)) - _NEGLIGIBLE
    near, far = 0.0, 1.0
    while _log_density(mode + direction * far, a, upper) > floor:
        near, far = far, 2 * far
    for _ in range(20):
        middle = (near + far) / 2
        near, far = (middle, far) if _log_density(mode + direction * middle, a, upper) > floor else (near, middle)
    return mode + direction * far
