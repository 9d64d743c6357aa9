"""Simulated customers of known parameters, for tests of recovery, coverage and choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from goodwill.clv.tuples import PurchaseTuples, SpendTuples
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """Customers one by one: their history at the cut, and their purchases (and spend) in the days after it."""

    tuples: PurchaseTuples
    ahead: Integers
    spent_ahead: NDArray[np.float64]
    spent_before: NDArray[np.float64]

    def grouped(self) -> PurchaseTuples:
        """The histories as weighted tuples."""
        rows, counts = np.unique(np.column_stack([self.tuples.x, self.tuples.t_x_days, self.tuples.age_days]), axis=0, return_counts=True)
        return PurchaseTuples.of(*rows.T.astype(np.int64), counts.astype(np.int64))

    def spend(self) -> SpendTuples:
        """Mean repeat spend as weighted tuples."""
        repeat = self.tuples.x > 0
        cents = np.maximum(np.rint(self.spent_before[repeat] / self.tuples.x[repeat] * 100), 1)
        rows, counts = np.unique(np.column_stack([self.tuples.x[repeat], cents]), axis=0, return_counts=True)
        return SpendTuples(*rows.T.astype(np.int64), counts.astype(np.int64))


def simulate(model: str, parameters: dict[str, float], customers: int, span: int, ahead: int, seed: int) -> Population:
    """Customers of BG/NBD, MBG/NBD or Pareto/NBD, first seen up to `span` days ago; `ahead` days are what is to be forecast.

    Spend is Gamma-Gamma with p = 6, q = 4, v = 15. Times are days, `alpha` and `beta` weeks, as everywhere.
    """
    random = np.random.default_rng(seed)
    rate = random.gamma(parameters["r"], 1 / parameters["alpha"], customers) / 7
    age = random.integers(7, span + 1, customers)
    if model == "pareto_nbd":
        lives = random.exponential(7 / np.maximum(random.gamma(parameters["s"], 1 / parameters["beta"], customers), 1e-12))
        leaves = np.full(customers, np.iinfo(np.int64).max)
    else:
        lives = np.full(customers, np.inf)
        leaves = random.geometric(np.clip(random.beta(parameters["a"], parameters["b"], customers), 1e-12, 1.0))
        leaves = leaves if model == "mbg_nbd" else leaves + 1
    nu = random.gamma(4.0, 1 / 15.0, customers)
    x, t_x, later = (np.zeros(customers, dtype=np.int64) for _ in range(3))
    before, after = np.zeros(customers), np.zeros(customers)
    time, number = np.zeros(customers), 1
    active = np.flatnonzero(leaves > 1)
    while len(active):
        time[active] += random.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[(time[active] <= age[active] + ahead) & (time[active] <= lives[active])]
        day = np.ceil(time[active]).astype(np.int64)
        paid = random.gamma(6.0, 1 / nu[active])
        known = day <= age[active]
        new = active[known & (day > t_x[active])]
        x[new] += 1
        np.add.at(before, active[known], paid[known])
        np.add.at(after, active[~known], paid[~known])
        t_x[active[known]] = day[known]
        later[active[~known]] += 1
        number += 1
        active = active[leaves[active] > number]
    order = np.lexsort((age, t_x, x))
    tuples = PurchaseTuples.of(x[order], t_x[order], age[order].astype(np.int64), np.ones(customers, dtype=np.int64))
    return Population(tuples, later[order], after[order], before[order])
