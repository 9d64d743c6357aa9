"""BG/NBD and MBG/NBD: the likelihood on tuples, with its analytic gradient and Hessian.

Both say: a customer buys at a rate lambda ~ Gamma(r, alpha) and drops out with probability p ~ Beta(a, b) after each repeat purchase;
MBG/NBD adds the first purchase as an occasion to drop out (k = 1; for BG/NBD k = 0). With z the log odds of having dropped out,

    log L = lnGamma(r+x) - lnGamma(r) + r ln(alpha) + lnB(a, b+x+k) - lnB(a, b) - (r+x) ln(alpha+T) + ln(1 + exp(z))
    z     = ln(a) - ln(b+x+k-1) + (r+x) (ln(alpha+T) - ln(alpha+t_x)),        for BG/NBD with x = 0: no such term

Only z needs every tuple; the rest depends on x, or on T, alone. Written this way nothing overflows for a heavy buyer.
Sources: Fader, Hardie & Lee 2005, Marketing Science 24(2); Batislam, Denizel & Filiztekin 2007, IJRM 24(3).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, polygamma, psi

from goodwill.clv.models.likelihood import Evaluation
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["BetaGeometric", "BetaGeometricName"]

Floats = NDArray[np.float64]
BetaGeometricName = Literal["mbg_nbd", "bg_nbd"]

#: Tuples worked on at a time: their columns stay in the processor's cache, and their sums below the length from which BLAS wakes all its
#: threads, which on a shared machine cost thirty times what they save.
_BLOCK = 1 << 13


class BetaGeometric:
    """The log-likelihood of BG/NBD or MBG/NBD.

    Parameters
    ----------
    tuples : ordered by x.
    days_per_unit : length of the time unit of `alpha` in days.
    """

    names = ("r", "alpha", "a", "b")

    def __init__(self, model: BetaGeometricName, tuples: PurchaseTuples, days_per_unit: float = DAYS_PER_WEEK) -> None:
        self.model, self.tuples, self.days_per_unit = model, tuples, days_per_unit
        self.first_purchase = 1 if model == "mbg_nbd" else 0
        weights = tuples.customers.astype(np.float64)
        self.customers = float(weights.sum())
        self.times = np.arange(int(tuples.age_days.max(initial=0)) + 1) / days_per_unit
        self.by_age = np.bincount(tuples.age_days, weights, len(self.times))
        self.repeats_by_age = np.bincount(tuples.age_days, weights * tuples.x, len(self.times))
        self.x_values, self.place = np.unique(tuples.x, return_inverse=True)
        self.by_x = np.bincount(self.place, weights, len(self.x_values))
        # BG/NBD knows no drop-out without a repeat purchase: its tuples of x = 0 have no z
        self.begin = 0 if self.first_purchase else int(np.searchsorted(tuples.x, 1))
        self.weights = weights

    def sample(self, size: int) -> BetaGeometric:
        return BetaGeometric(self.model, self.tuples.sample(size), self.days_per_unit)

    def start(self) -> Floats:
        time = float(self.by_age @ self.times)
        rate = max(float(self.repeats_by_age.sum()), 1.0) / max(time, 1.0 / self.days_per_unit)
        return np.array([1.0, 1.0 / rate, 0.5, 2.0])

    def evaluate(self, parameters: Floats, curvature: bool = True) -> Evaluation:
        r, alpha, a, b = (float(value) for value in parameters)
        x, n = self.x_values, self.by_x
        upper = b + x + self.first_purchase
        later = alpha + self.times
        logs = np.log(later)
        sums = self._sums(r, alpha, a, b, logs, curvature)
        exposure = r * self.by_age + self.repeats_by_age
        value = n @ (gammaln(r + x) - gammaln(r) + betaln(a, upper) - betaln(a, b)) + self.customers * r * np.log(alpha)
        value += sums["softplus"] - exposure @ logs
        gone, before = sums["gone"], np.where(upper > 1, upper - 1, 1.0)
        gradient = np.array(
            [
                n @ (psi(r + x) - psi(r)) + self.customers * np.log(alpha) - self.by_age @ logs + sums["gone_d"],
                self.customers * r / alpha - exposure @ (1 / later) + sums["gone_e"],
                n @ (psi(a + b) - psi(a + upper)) + gone.sum() / a,
                n @ (psi(upper) - psi(a + upper) - psi(b) + psi(a + b)) - gone @ (1 / before),
            ]
        )
        if not curvature:
            return Evaluation(float(value), gradient)
        h, hd, he = sums["h"], sums["h_d"], sums["h_e"]
        both = n @ (polygamma(1, a + b) - polygamma(1, a + upper))
        rows = [
            [
                n @ (polygamma(1, r + x) - polygamma(1, r)) + sums["h_dd"],
                self.customers / alpha - self.by_age @ (1 / later) + sums["h_de"] + sums["gone_slope"],
                hd.sum() / a,
                -(hd @ (1 / before)),
            ],
            [
                0.0,
                -self.customers * r / alpha**2 + exposure @ (1 / later**2) + sums["h_ee"] + sums["gone_bend"],
                he.sum() / a,
                -(he @ (1 / before)),
            ],
            [0.0, 0.0, both + (h.sum() - gone.sum()) / a**2, both - (h @ (1 / before)) / a],
            [0.0, 0.0, 0.0, both + n @ (polygamma(1, upper) - polygamma(1, b)) + (h + gone) @ (1 / before**2)],
        ]
        upper_triangle = np.array(rows)
        return Evaluation(float(value), gradient, upper_triangle + np.triu(upper_triangle, 1).T)

    def _sums(self, r: float, alpha: float, a: float, b: float, logs: Floats, curvature: bool) -> dict[str, Floats]:
        """What needs every tuple: sums over them, some by x. `d` and `e` are the derivatives of z by r and by alpha."""
        inverse = 1 / (alpha + self.times)
        length = len(self.x_values)
        upper = b + self.x_values + self.first_purchase - 1.0
        odds = np.log(a) - np.log(np.where(upper > 0, upper, 1.0))
        by_x = ("gone", "h", "h_d", "h_e") if curvature else ("gone",)
        single = ("softplus", "gone_d", "gone_e", *(("h_dd", "h_de", "h_ee", "gone_slope", "gone_bend") if curvature else ()))
        sums: dict[str, Floats] = {name: np.zeros(length) for name in by_x} | {name: np.zeros(()) for name in single}
        for begin in range(self.begin, len(self.place), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            place, age, last = self.place[part], self.tuples.age_days[part], self.tuples.t_x_days[part]
            weights, shape = self.weights[part], r + self.tuples.x[part]
            d = logs[age] - logs[last]
            now, then = inverse[age], inverse[last]
            slope = now - then
            e = shape * slope
            z = shape * d + odds[place]
            small = np.exp(-np.abs(z))
            p_gone = np.where(z > 0, 1.0, small) / (1 + small)
            gone = weights * p_gone
            sums["softplus"] += weights @ (np.maximum(z, 0) + np.log1p(small))
            sums["gone"] += np.bincount(place, gone, length)
            sums["gone_d"] += gone @ d
            sums["gone_e"] += gone @ e
            if curvature:
                h = gone * (1 - p_gone)
                hd, he = h * d, h * e
                sums["h"] += np.bincount(place, h, length)
                sums["h_d"] += np.bincount(place, hd, length)
                sums["h_e"] += np.bincount(place, he, length)
                sums["h_dd"] += hd @ d
                sums["h_de"] += hd @ e
                sums["h_ee"] += he @ e
                sums["gone_slope"] += gone @ slope
                sums["gone_bend"] -= (gone * shape) @ (slope * (now + then))
        return sums
