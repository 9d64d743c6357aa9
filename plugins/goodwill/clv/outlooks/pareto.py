"""Pareto/NBD: what a history says about being alive and about the purchases to come.

Alive today, lambda ~ Gamma(r + x, alpha + T) and the death rate mu ~ Gamma(s, beta + T), independently.
Source: Fader & Hardie 2005, "A Note on Deriving the Pareto/NBD Model and Related Expressions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from goodwill.clv.models.pareto import Pareto
from goodwill.clv.outlooks.counting import at_least
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["ParetoOutlook"]

Floats = NDArray[np.float64]

#: Times of death that stand for all of them up to the horizon, with equal shares of the probability between Gauss-Legendre weights.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


@dataclass(frozen=True)
class ParetoOutlook:
    """The purchase model with its parameters; `alpha` and `beta` are in weeks."""

    model: Literal["pareto_nbd"]
    r: float
    alpha: float
    s: float
    beta: float

    def p_alive(self, tuples: PurchaseTuples) -> Floats:
        """P(alive | x, t_x, T)."""
        return Pareto(tuples).p_alive(np.array([self.r, self.alpha, self.s, self.beta]))

    def expected_if_alive(self, x: int, age: Floats, weeks: Floats) -> Floats:
        """E[Y(t) | alive, x, T]: one row an age, one column a time ahead, all in weeks.

        (r+x)/(alpha+T) times the expected time to live within t, (beta+T)/(s-1) (1 - (1 + t/(beta+T))^(1-s)), written so that it has its
        value at s = 1 too.
        """
        lived = self.beta + age[:, None]
        log_growth = np.log1p(weeks / lived)
        power = -(self.s - 1) * log_growth
        factor = np.where(np.abs(power) < 1e-8, 1 + power / 2, np.expm1(power) / np.where(power == 0, 1.0, power))
        return np.asarray((self.r + x) / (self.alpha + age[:, None]) * lived * log_growth * factor)

    def tail_if_alive(self, x: int, age: Floats, weeks: float, counts: Floats) -> Floats:
        """P(at least n purchases in the next `weeks` | alive, x, T): one row an age, one column a count n >= 1.

        The n-th event in time, over the times of death: those beyond the horizon exactly, those within it by six points.
        """
        lived = self.beta + age
        dies = -np.expm1(-self.s * np.log1p(weeks / lived))
        tail = (1 - dies)[:, None] * self._in_time(x, age, np.full_like(age, weeks), counts)
        for node, weight in zip((_NODES + 1) / 2, _WEIGHTS / 2, strict=True):
            until = lived * np.expm1(-np.log1p(-dies * node) / self.s)
            tail += (weight * dies)[:, None] * self._in_time(x, age, until, counts)
        return np.minimum(tail, 1.0)

    def _in_time(self, x: int, age: Floats, weeks: Floats, counts: Floats) -> Floats:
        return at_least(counts, self.r + x, weeks / (self.alpha + age + weeks))

    def days_to_next(self, tuples: PurchaseTuples, p_alive: Floats) -> Floats:
        """Days by which one more purchase is as likely as not, up to 36 months ahead; infinite where it is not by then.

        Halved until the day is known; a purchase in time is one before death, whose time is averaged as above.
        """
        days = np.full(len(tuples.x), np.inf)
        likely = np.flatnonzero(p_alive > 0.5)
        low, high = np.zeros(len(likely)), np.full(len(likely), 36 * 365.25 / 12)
        part = PurchaseTuples(*(column[likely] for column in (tuples.x, tuples.t_x_days, tuples.age_days, tuples.customers)))
        wanted = 0.5 / p_alive[likely]
        reached = self._one_more(part, high) >= wanted
        for _ in range(14):
            middle = (low + high) / 2
            enough = self._one_more(part, middle) >= wanted
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        days[likely[reached]] = high[reached]
        return days

    def _one_more(self, tuples: PurchaseTuples, days: Floats) -> Floats:
        """P(at least one purchase within `days` | alive), by tuple."""
        age, weeks = tuples.age, days / DAYS_PER_WEEK
        lived, shape = self.beta + age, self.r + tuples.x
        dies = -np.expm1(-self.s * np.log1p(weeks / lived))
        bought = (1 - dies) * -np.expm1(-shape * np.log1p(weeks / (self.alpha + age)))
        for node, weight in zip((_NODES + 1) / 2, _WEIGHTS / 2, strict=True):
            until = lived * np.expm1(-np.log1p(-dies * node) / self.s)
            bought += weight * dies * -np.expm1(-shape * np.log1p(until / (self.alpha + age)))
        return np.asarray(bought)
