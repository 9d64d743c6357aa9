"""What the models are fitted on: grouped tuples with the number of customers behind each, never the customers themselves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from goodwill.clv.sums import weighted_sum
from goodwill.errors import GoodwillError

__all__ = [
    "BUYERS",
    "CONTRACT_GROUP",
    "DAYS_PER_WEEK",
    "MORE_THAN_ANYBODY",
    "PAYERS",
    "POSSIBLE",
    "PurchaseTuples",
    "SpendTuples",
    "hash_of",
    "integer_columns",
    "read_purchase_tuples",
    "read_spend_tuples",
]

DAYS_PER_WEEK = 7.0
#: More repeat purchase days than anybody has: the limit where nobody is left out.
MORE_THAN_ANYBODY = 2**62

#: The group of those whose orders are the payments of a contract: in no fit, no holdout and no rate of purchases.
CONTRACT_GROUP = "contract"
#: SQL: those who buy, as a condition on `model_group`, and the others by person.
BUYERS = f"model_group <> '{CONTRACT_GROUP}'"
PAYERS = f"(select person_id from intermediate.int_clv_customers where model_group = '{CONTRACT_GROUP}')"

#: SQL: whether a purchase history can be, x repeat purchase days, the last at age t_x_days, today at age_days; NULL where one is not known.
POSSIBLE = "x >= 0 and x <= t_x_days and t_x_days <= age_days and (x = 0) = (t_x_days = 0)"

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PurchaseTuples:
    """Repeat purchase days `x`, age at the last one and age today (both in whole days), and how many `customers` share them.

    Ordered by x, then t_x, then T. `data_hash` is SHA-256 over them: free of the order in which they were stored.
    """

    x: Integers
    t_x_days: Integers
    age_days: Integers
    customers: Integers

    @property
    def t_x(self) -> Floats:
        """Age at the last repeat purchase, in weeks."""
        return self.t_x_days / DAYS_PER_WEEK

    @property
    def age(self) -> Floats:
        """Age today, in weeks."""
        return self.age_days / DAYS_PER_WEEK

    @property
    def customer_count(self) -> int:
        return int(self.customers.sum())

    @property
    def repeat_customer_count(self) -> int:
        return int(self.customers[self.x > 0].sum())

    @property
    def data_hash(self) -> str:
        return hash_of(self.x, self.t_x_days, self.age_days, self.customers)

    @classmethod
    def of(cls, x: Integers, t_x_days: Integers, age_days: Integers, customers: Integers) -> PurchaseTuples:
        """Tuples in their order, after a look at each.

        Raises
        ------
        GoodwillError : a tuple that no purchase history can give; the models would answer it with a plausible number. What is read from
            the warehouse has lost them before (`POSSIBLE`); here they are a mistake of ours.
        """
        impossible = {
            "x below 0": x < 0,
            "t_x later than today (t_x > T)": t_x_days > age_days,
            "x = 0 without t_x = 0, or the reverse": (x == 0) != (t_x_days == 0),
            "more repeat purchase days than days (x > t_x)": x > t_x_days,
            "no customer behind a tuple": customers < 1,
        }
        for rule, rows in impossible.items():
            if rows.any():
                first = int(np.argmax(rows))
                raise GoodwillError(
                    f"purchase tuples: {int(rows.sum())} impossible ones, {rule}; "
                    f"the first: x={x[first]}, t_x_days={t_x_days[first]}, age_days={age_days[first]}, customers={customers[first]}",
                    "look at how int_customer_facts counts purchase days up to as_of",
                )
        if len(x) > 1 and (np.diff(x) < 0).any():
            order = np.lexsort((age_days, t_x_days, x))
            x, t_x_days, age_days, customers = (column[order] for column in (x, t_x_days, age_days, customers))
        return cls(x, t_x_days, age_days, customers)

    def below(self, x: int | None) -> PurchaseTuples:
        """Those with fewer repeat purchase days than `x`; themselves without it."""
        if x is None:
            return self
        end = int(np.searchsorted(self.x, x))
        return PurchaseTuples(*(column[:end] for column in (self.x, self.t_x_days, self.age_days, self.customers)))

    def sample(self, size: int) -> PurchaseTuples:
        """About `size` of the tuples, evenly spread over their order; themselves where they are no more."""
        step = max(len(self.x) // size, 1)
        return PurchaseTuples(*(column[step // 2 :: step] for column in (self.x, self.t_x_days, self.age_days, self.customers)))


@dataclass(frozen=True)
class SpendTuples:
    """Repeat purchase days `x`, mean spend on them in cents (positive), and how many `customers` share both."""

    x: Integers
    cents: Integers
    customers: Integers

    @property
    def mean(self) -> Floats:
        """Mean spend on a repeat purchase day, in units of the reporting currency."""
        return self.cents / 100.0

    @property
    def customer_count(self) -> int:
        return int(self.customers.sum())

    @property
    def mean_spend(self) -> float:
        """Mean over customers of their mean repeat spend; 0 where nobody repeated."""
        return weighted_sum(self.mean, self.customers) / self.customer_count if len(self.x) else 0.0

    @property
    def data_hash(self) -> str:
        return hash_of(self.x, self.cents, self.customers)

    def below(self, x: int | None) -> SpendTuples:
        """Those with fewer repeat purchase days than `x`; themselves without it."""
        if x is None:
            return self
        end = int(np.searchsorted(self.x, x))
        return SpendTuples(*(column[:end] for column in (self.x, self.cents, self.customers)))

    def sample(self, size: int) -> SpendTuples:
        """About `size` of the tuples, evenly spread over their order; themselves where they are no more."""
        step = max(len(self.x) // size, 1)
        return SpendTuples(*(column[step // 2 :: step] for column in (self.x, self.cents, self.customers)))


def read_purchase_tuples(
    connection: duckdb.DuckDBPyConnection, table: str = f"(from intermediate.int_rfm_tuples where {BUYERS})"
) -> PurchaseTuples:
    """Those who buy as (x, t_x, T) tuples, but for histories that cannot be. Grouped again and ordered, so neither grouping nor row order
    changes a result.
    """
    return PurchaseTuples.of(
        *integer_columns(
            connection,
            f"""
            select x, t_x_days, age_days, sum(customers) as customers
            from {table}
            where {POSSIBLE}
            group by x, t_x_days, age_days
            having sum(customers) > 0
            order by x, t_x_days, age_days
            """,
        )
    )


def read_spend_tuples(
    connection: duckdb.DuckDBPyConnection, table: str = f"(from intermediate.int_spend_tuples where {BUYERS})"
) -> SpendTuples:
    """Mean repeat spend of the customers who came back, as (x, cents) tuples; what is not positive has no place in the spend model."""
    return SpendTuples(
        *integer_columns(
            connection,
            f"""
            select x, mean_repeat_cents, sum(customers) as customers
            from {table}
            where x > 0 and mean_repeat_cents > 0
            group by x, mean_repeat_cents
            order by x, mean_repeat_cents
            """,
        )
    )


def integer_columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[Integers]:
    """The columns of a query of whole numbers; what is NULL becomes -1."""
    return [np.ma.filled(column, -1).astype(np.int64) for column in connection.execute(query).fetchnumpy().values()]


def hash_of(*columns: Integers) -> str:
    """SHA-256 over columns of whole numbers, in their order."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column, dtype="<i8").data)
    return digest.hexdigest()
