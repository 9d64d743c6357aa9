"""Whether spend goes with frequency, which the Gamma-Gamma model takes for impossible.

Held against each other are the repeats of a customer and the amount of the *first* purchase day: the mean of the repeats says nothing
about independence, since it is measured on the very purchases that are counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
from scipy.stats import spearmanr

from goodwill.clv.tuples import PAYERS

__all__ = ["Dependence", "spend_dependence"]

#: Customers looked at, about: more would not move the second digit.
_SAMPLE = 100_000
_Z = 1.959963984540054


@dataclass(frozen=True)
class Dependence:
    """Spearman's rank correlation with its 95 % interval, and the number of customers behind it."""

    rho: float
    low: float
    high: float
    customers: int

    def __str__(self) -> str:
        return f"Spearman of repeats and first amount {self.rho:.2f} ({self.low:.2f} to {self.high:.2f}, n = {self.customers:,})"

    def beyond(self, limit: float) -> bool:
        """Whether it is surely further from 0 than the limit."""
        return self.low > limit or self.high < -limit


def spend_dependence(connection: duckdb.DuckDBPyConnection) -> Dependence | None:
    """The dependence over the customers of the night, or over one in so many of them; `None` where there is none to speak of.

    Notes
    -----
    The interval is Fisher's z with the variance of Bonett & Wright 2000, Psychometrika 65(1): (1 + rho^2 / 2) / (n - 3).
    """
    chosen = f"from intermediate.int_customer_facts anti join {PAYERS} as payers using (person_id) where not is_guest and purchase_days >= 1 and first_amount > 0"
    (customers,) = connection.execute(f"select count(*) {chosen}").fetchall()[0]
    step = max(customers // _SAMPLE, 1)
    rows = connection.execute(f"select x, cast(first_amount as double) as first {chosen} and hash(person_id) % {step} = 0").fetchnumpy()
    x, first = rows["x"], rows["first"]
    if len(x) < 10 or x.min() == x.max() or first.min() == first.max():
        return None
    rho = float(spearmanr(x, first).statistic)
    centre, half = math.atanh(max(min(rho, 1 - 1e-9), 1e-9 - 1)), _Z * math.sqrt((1 + rho * rho / 2) / (len(x) - 3))
    return Dependence(rho, math.tanh(centre - half), math.tanh(centre + half), len(x))
