"""What may come instead of what is expected: 80 and 95 % intervals of purchases and of value, for each tuple.

Purchases. Of those still there the model gives P(N >= n) for each (x, T); a customer is there with his own P(alive), so

    P(N >= n | x, t_x, T) = P(alive) * P(N >= n | alive, x, T),

and the bounds of the interval are quantiles of that. Value adds how much is spent: given N = n purchases, the total spend S of a
Gamma-Gamma customer with x purchases of mean m is (v + x m) times a beta-prime(p n, q + p x) variable, so the distribution of
S / (v + x m) depends on x and T alone too. It is mixed over n and inverted in the same way.

Histories whose alpha + T differ by less than 3 % share a distribution: that moves a bound by far less than the interval is wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from goodwill.clv.horizons import DAY_HORIZONS, DAYS_PER_MONTH, MONTH_HORIZONS
from goodwill.clv.outlooks import Outlook
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["LEVELS", "bounds", "count_grid", "interval_columns", "interval_ends"]

Floats = NDArray[np.float64]

#: Per cent of futures inside an interval.
LEVELS = (80, 95)
#: Numbers of purchases told apart one by one; above, steps of 2 %.
_EXACT = 120
#: A number of purchases less likely than this to be reached is not looked at.
_NEGLIGIBLE = 1e-4
#: Points of total spend, in units of v + x m.
_SPEND_POINTS = 96
#: What is bounded, and the time ahead in weeks: numbers of purchases, and value.
_COUNTED = {f"purchases_{days}": days / DAYS_PER_WEEK for days in DAY_HORIZONS}
_VALUED = {f"units_{months}": months * DAYS_PER_MONTH / DAYS_PER_WEEK for months in MONTH_HORIZONS}
#: Relative width of a class of ages.
_AGE_STEP = 0.03


def count_grid(most: float) -> Floats:
    """Numbers of purchases n >= 1 up to `most`: each of the first, then in steps of 2 %."""
    dense = np.arange(1.0, _EXACT + 1)
    if most <= _EXACT:
        return dense[: max(int(np.ceil(most)), 1)]
    steps = np.exp(np.arange(np.log(_EXACT), np.log(most) + 0.02, 0.02))
    return np.unique(np.concatenate([dense, np.ceil(steps)]))


def interval_columns(prefix: str) -> list[str]:
    """Names of the bounds of a quantity: `<prefix>_low_80`, `<prefix>_high_80`, …"""
    return [f"{prefix}_{end}" for end in interval_ends()]


def interval_ends() -> list[str]:
    """Names of the ends of the intervals, without what is bounded: low_80, high_80, low_95, high_95."""
    return [f"{side}_{level}" for level in LEVELS for side in ("low", "high")]


@dataclass(frozen=True)
class _Tails:
    """P(more than `values[i]`), falling along each row of `tails`, for rows that share the values."""

    values: Floats
    tails: Floats

    @cached_property
    def _keys(self) -> Floats:
        """Row number plus share not in the tail, which rises along the whole: one search goes over all rows."""
        return (np.arange(len(self.tails))[:, None] * 2.0 + 1.0 - self.tails).ravel()

    def quantiles(self, rows: NDArray[np.int64], allowed: Floats, between: bool) -> Floats:
        """For each query the smallest value whose tail is at most `allowed`; by straight lines in between where `between`."""
        result = np.full(len(rows), self.values[0])
        asked = np.flatnonzero(allowed < self.tails[rows, 0])
        rows, allowed = rows[asked], allowed[asked]
        width = self.tails.shape[1]
        place = np.clip(np.searchsorted(self._keys, rows * 2.0 + 1.0 - allowed - 1e-12) - rows * width, 0, width - 1)
        found = self.values[place]
        if between:
            below = np.maximum(place - 1, 0)
            upper, lower = self.tails[rows, below], self.tails[rows, place]
            share = np.clip((upper - allowed) / np.maximum(upper - lower, 1e-300), 0.0, 1.0)
            found = np.where(place > 0, self.values[below] + share * (found - self.values[below]), found)
        result[asked] = found
        return result


def bounds(outlook: Outlook, scale: float, tuples: PurchaseTuples, p_alive: Floats, spend: Mapping[str, float] | None) -> dict[str, Floats]:
    """The bounds of all intervals, by tuple.

    Parameters
    ----------
    scale : the model's `alpha`, in weeks: the age that makes a difference.
    spend : p, q, v of the spend model; None where none is used, and value is then counted in purchases.

    Returns
    -------
    `purchases_30_low_80` … `purchases_365_high_95`: numbers of purchases. `units_12_low_80` … `units_36_high_95`: spend in units of
    v + x m, not discounted; or purchases.
    """
    result = {column: np.zeros(len(tuples.x)) for name in (*_COUNTED, *_VALUED) for column in interval_columns(name)}
    classes = np.rint(np.log(scale + tuples.age) / _AGE_STEP).astype(np.int64)
    edges = np.flatnonzero(np.diff(tuples.x, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        part, x = slice(begin, end), int(tuples.x[begin])
        _, rows = np.unique(classes[part], return_inverse=True)
        age = np.bincount(rows, tuples.age[part]) / np.bincount(rows)
        tails = {name: _counts(*_reached(outlook, x, age, ahead)) for name, ahead in _COUNTED.items()}
        # the counts of the longest time serve the shorter ones too: what is spent on so many purchases is worked out once
        counts, reached = _reached(outlook, x, age, max(_VALUED.values()))
        spent = _Spent.of(x, counts, spend) if spend else None
        for name, ahead in _VALUED.items():
            sooner = reached if ahead == max(_VALUED.values()) else outlook.tail_if_alive(x, age, ahead, counts)
            tails[name] = spent.mixed(sooner) if spent else _counts(counts, sooner)
        for name, tail in tails.items():
            for level in LEVELS:
                for side, quantile in (("low", 0.5 - level / 200), ("high", 0.5 + level / 200)):
                    allowed = np.minimum((1 - quantile) / np.maximum(p_alive[part], 1e-300), 1.0)
                    result[f"{name}_{side}_{level}"][part] = tail.quantiles(rows, allowed, name in _VALUED)
    return result


def _reached(outlook: Outlook, x: int, age: Floats, weeks: float) -> tuple[Floats, Floats]:
    """Numbers of purchases that are worth looking at, and how likely each is reached by those still there: one row an age."""
    most = 16.0
    while (outlook.tail_if_alive(x, age, weeks, np.array([most])) > _NEGLIGIBLE).any():
        most *= 2
    counts = count_grid(most)
    return counts, outlook.tail_if_alive(x, age, weeks, counts)


def _counts(counts: Floats, reached: Floats) -> _Tails:
    """P(N > n) for n = 0 and each count told apart: of a step of several numbers, its last is the one that stands for all."""
    last = np.concatenate([[0.0], np.append(counts[1:] - 1, counts[-1])]) if len(counts) > 1 else np.array([0.0, counts[0]])
    return _Tails(last, np.column_stack([reached, np.zeros(len(reached))]))


@dataclass(frozen=True)
class _Spent:
    """P(S > s | so many purchases) on `points` of spend s, in units of v + x m: rows the counts, columns the points."""

    points: Floats
    above: Floats

    @classmethod
    def of(cls, x: int, counts: Floats, spend: Mapping[str, float]) -> _Spent:
        shape, own = spend["p"], spend["q"] + spend["p"] * x
        middle = (counts + np.append(counts[1:] - 1, counts[-1])) / 2
        low, high = np.log(shape * 0.02 / own), np.log(max(shape * middle[-1], 1.0) / own * 20.0)
        points = np.exp(np.linspace(low, high, _SPEND_POINTS))
        return cls(points, betainc(own, (shape * middle)[:, None], (1 / (1 + points))[None, :]))

    def mixed(self, reached: Floats) -> _Tails:
        """P(S > s), mixed over the number of purchases."""
        mass = reached - np.column_stack([reached[:, 1:], np.zeros(len(reached))])
        return _Tails(np.concatenate([[0.0], self.points]), np.column_stack([reached[:, 0], np.einsum("ij,jk->ik", mass, self.above)]))
