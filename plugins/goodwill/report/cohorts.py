"""Who comes back: the grid of cohort by age, and the curve over all cohorts. From `marts.cohort_retention`."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal

from goodwill.report.reading import Row, Warehouse

__all__ = ["Cell", "Cohort", "Cohorts", "CurvePoint", "read_cohorts"]

#: What fits a page; the mart holds everything.
MOST_COHORTS = 24
MOST_AGES = 18


@dataclass(frozen=True)
class Cell:
    """One cohort at one age; `rate` is None while a member of the cohort could still come back within the window."""

    age: int
    rate: float | None
    active: int | None
    eligible: int | None
    ltv: Decimal | None


@dataclass(frozen=True)
class Cohort:
    month: dt.date
    customers: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class CurvePoint:
    """All cohorts that can be observed at this age, together."""

    age: int
    rate: float
    rolling: float | None
    customers: int
    cohorts: int


@dataclass(frozen=True)
class Cohorts:
    age_days: int
    ages: tuple[int, ...]
    rows: tuple[Cohort, ...]
    curve: tuple[CurvePoint, ...]
    cohorts_in_all: int

    @property
    def darkest(self) -> float:
        """The rate at which the colour scale ends: the highest after age 0, rounded up to a tenth; age 0 is always full."""
        highest = max((cell.rate for row in self.rows for cell in row.cells if cell.age and cell.rate is not None), default=1.0)
        return min(1.0, max(0.1, math.ceil(highest * 10 - 1e-9) / 10))

    @property
    def first_return(self) -> float | None:
        """The share that bought again at age 1."""
        return next((point.rate for point in self.curve if point.age == 1), None)


def read_cohorts(warehouse: Warehouse, age_days: int) -> Cohorts | None:
    """The cohorts over all channels; None when the mart is not built or empty."""
    if not warehouse.has("marts.cohort_retention"):
        return None
    cells = warehouse.rows("""
        select cohort_month, age, customers_count, customers_eligible, active_customers, retention_rate, cumulative_ltv_amount
        from marts.cohort_retention
        where acquisition_channel = 'all'
        order by cohort_month, age
    """)
    if not cells:
        return None
    by_month: dict[dt.date, list[Row]] = {}
    for cell in cells:
        by_month.setdefault(cell["cohort_month"], []).append(cell)
    rows = tuple(_cohort(month, found) for month, found in list(by_month.items())[-MOST_COHORTS:])
    oldest = max((cell.age for row in rows for cell in row.cells), default=0)
    curve = warehouse.rows("""
        select
            age,
            sum(active_customers)::double / sum(customers_count) as rate,
            sum(rolling_retention_rate * customers_count) / sum(customers_count) as rolling,
            sum(customers_count) as customers,
            count(*) as cohorts
        from marts.cohort_retention
        where acquisition_channel = 'all' and retention_rate is not null and customers_count > 0
        group by age
        order by age
    """)
    return Cohorts(
        age_days=age_days,
        ages=tuple(range(min(oldest, MOST_AGES) + 1)),
        rows=rows,
        curve=tuple(CurvePoint(row["age"], row["rate"], row["rolling"], int(row["customers"]), row["cohorts"]) for row in curve),
        cohorts_in_all=len(by_month),
    )


def _cohort(month: dt.date, rows: list[Row]) -> Cohort:
    cells = tuple(
        Cell(row["age"], row["retention_rate"], row["active_customers"], row["customers_eligible"], row["cumulative_ltv_amount"])
        for row in rows
        if row["age"] <= MOST_AGES
    )
    return Cohort(month, max((row["customers_count"] or 0 for row in rows), default=0), cells)
