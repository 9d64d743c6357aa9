"""What the models are fitted on: grouped tuples with the number of customers behind each, never the customers themselves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from goodwill.errors import GoodwillError

__all__ = ["DAYS_PER_WEEK", "PurchaseTuples", "SpendTuples", "read_purchase_tuples", "read_spend_tuples"]

DAYS_PER_WEEK = 7.0

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PurchaseTuples:
    """Repeat purchase days `x`, age at the last one `t_x` and age today `age` (both in weeks), and how many `customers` share them."""

    x: Integers
    t_x: Floats
    age: Floats
    customers: Integers
    data_hash: str

    @property
    def customer_count(self) -> int:
        return int(self.customers.sum())

    @property
    def repeat_customer_count(self) -> int:
        return int(self.customers[self.x > 0].sum())


@dataclass(frozen=True)
class SpendTuples:
    """Repeat purchase days `x`, mean spend on them `mean` (currency units, positive), and how many `customers` share both."""

    x: Integers
    mean: Floats
    customers: Integers
    data_hash: str

    @property
    def customer_count(self) -> int:
        return int(self.customers.sum())

    @property
    def mean_spend(self) -> float:
        """Mean over customers of their mean repeat spend; 0 where nobody repeated."""
        return float(self.mean @ self.customers) / self.customer_count if self.customer_count else 0.0


def read_purchase_tuples(connection: duckdb.DuckDBPyConnection) -> PurchaseTuples:
    """The population as (x, t_x, T) tuples. Grouped again and ordered, so neither grouping nor row order changes a result.

    Raises
    ------
    GoodwillError : a tuple that no purchase history can give; the models would answer it with a plausible number.
    """
    x, t_x, age, customers = _integer_columns(
        connection,
        """
        select x, t_x_days, age_days, sum(customers) as customers
        from intermediate.int_rfm_tuples
        group by x, t_x_days, age_days
        order by x, t_x_days, age_days
        """,
    )
    impossible = {
        "x below 0": x < 0,
        "t_x later than today (t_x > T)": t_x > age,
        "x = 0 without t_x = 0, or the reverse": (x == 0) != (t_x == 0),
        "more repeat purchase days than days (x > t_x)": x > t_x,
        "no customer behind a tuple": customers < 1,
    }
    for rule, rows in impossible.items():
        if rows.any():
            first = int(np.argmax(rows))
            raise GoodwillError(
                f"intermediate.int_rfm_tuples: {int(rows.sum())} impossible tuples, {rule}; "
                f"the first: x={x[first]}, t_x_days={t_x[first]}, age_days={age[first]}, customers={customers[first]}",
                "look at how int_customer_facts counts purchase days up to as_of",
            )
    return PurchaseTuples(x, t_x / DAYS_PER_WEEK, age / DAYS_PER_WEEK, customers, _hash(x, t_x, age, customers))


def read_spend_tuples(connection: duckdb.DuckDBPyConnection) -> SpendTuples:
    """Mean repeat spend of the customers who came back, as (x, cents) tuples."""
    x, cents, customers = _integer_columns(
        connection,
        """
        select x, mean_repeat_cents, sum(customers) as customers
        from intermediate.int_spend_tuples
        where x > 0 and mean_repeat_cents > 0
        group by x, mean_repeat_cents
        order by x, mean_repeat_cents
        """,
    )
    return SpendTuples(x, cents / 100.0, customers, _hash(x, cents, customers))


def _integer_columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[Integers]:
    return [np.ma.filled(column, -1).astype(np.int64) for column in connection.execute(query).fetchnumpy().values()]


def _hash(*columns: Integers) -> str:
    """SHA-256 of the ordered tuples: free of the order in which they were stored."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(column.astype("<i8").tobytes())
    return digest.hexdigest()
