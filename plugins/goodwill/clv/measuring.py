"""How good a forecast was: what was predicted of groups of customers in a holdout, held against what they did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodwill.clv.sums import weighted_sum

__all__ = ["Decile", "Measures", "deciles", "gini", "measure", "spearman"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """A forecast of purchases in a holdout.

    `bias` is predicted over actual, less 1; `mae` the mean absolute error of a customer; `spearman` and `gini` say whether the order of
    customers was right (1: as good as hindsight; Gini normalised by it); `decile_error` the sum of what was missed by tenths over what
    happened.
    """

    customers: int
    predicted: float
    actual: int
    bias: float
    mae: float
    spearman: float
    gini: float
    decile_error: float


@dataclass(frozen=True)
class Decile:
    """Customers of one tenth by prediction, 1 the lowest; what they were predicted to buy, and what they bought."""

    decile: int
    customers: float
    predicted: float
    actual: float


def measure(predicted: Floats, actual: Floats, customers: Floats) -> Measures:
    """Measures over weighted groups of equal customers; relative ones are by the purchases that happened, or by one where none did."""
    total, happened = weighted_sum(predicted, customers), weighted_sum(actual, customers)
    tenths = deciles(predicted, actual, customers)
    return Measures(
        customers=int(customers.sum()),
        predicted=round(total, 4),
        actual=int(happened),
        bias=round(total / max(happened, 1.0) - 1, 6),
        mae=round(weighted_sum(np.abs(predicted - actual), customers) / float(customers.sum()), 6),
        spearman=round(spearman(predicted, actual, customers), 6),
        gini=round(gini(predicted, actual, customers) / max(gini(actual, actual, customers), 1e-300), 6) if happened else 0.0,
        decile_error=round(sum(abs(tenth.predicted - tenth.actual) for tenth in tenths) / max(happened, 1.0), 6),
    )


def _ranks(values: Floats, customers: Floats) -> Floats:
    """Middle ranks of weighted values: equal ones share theirs."""
    _, place = np.unique(values, return_inverse=True)
    weights = np.bincount(place, customers)
    return np.asarray((np.cumsum(weights) - weights / 2)[place])


def spearman(one: Floats, other: Floats, customers: Floats) -> float:
    """Rank correlation over weighted groups; 0 where one of the two is the same for all."""
    ranks = [_ranks(values, customers) for values in (one, other)]
    total = customers.sum()
    centred = [rank - weighted_sum(rank, customers) / total for rank in ranks]
    spread = [weighted_sum(np.square(rank), customers) ** 0.5 for rank in centred]
    return weighted_sum(centred[0] * centred[1], customers) / (spread[0] * spread[1]) if min(spread) > 0 else 0.0


def gini(order: Floats, held: Floats, customers: Floats) -> float:
    """How concentrated what is held is in the customers who stand first by `order`; those who stand equal share."""
    _, place = np.unique(order, return_inverse=True)
    people, things = np.bincount(place, customers), np.bincount(place, held * customers)
    share, below = things / max(things.sum(), 1e-300), np.concatenate([[0.0], np.cumsum(things)[:-1]]) / max(things.sum(), 1e-300)
    return 1 - weighted_sum(people / people.sum(), 2 * below + share)


def deciles(predicted: Floats, actual: Floats, customers: Floats) -> list[Decile]:
    """Ten groups of equally many customers by prediction; a group of equal customers on a border is split by its share."""
    values, place = np.unique(predicted, return_inverse=True)
    people, did = np.bincount(place, customers), np.bincount(place, actual * customers)
    ends = np.concatenate([[0.0], np.cumsum(people)])
    borders = np.linspace(0, ends[-1], 11)
    return [
        Decile(
            number + 1,
            round(float(borders[number + 1] - borders[number]), 4),
            round(_between(ends, np.asarray(values * people), borders[number], borders[number + 1]), 4),
            round(_between(ends, did.astype(np.float64), borders[number], borders[number + 1]), 4),
        )
        for number in range(10)
    ]


def _between(ends: Floats, held: Floats, low: float, high: float) -> float:
    """What is held between two places of the line."""
    sums = np.concatenate([[0.0], np.cumsum(held)])
    return float(np.interp(high, ends, sums) - np.interp(low, ends, sums))
