"""How soon customers come back, and whether those who were brought do so more than those who came new.

From `marts.repurchase_rates` and `marts.cohort_retention_by_distance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from goodwill.report.reading import Warehouse

__all__ = ["ByDistance", "Rate", "Returning", "read_returning"]


@dataclass(frozen=True)
class Rate:
    """Of the customers seen for `window_days` after a purchase, the share that bought again within them, with its 95 % interval."""

    purchase_number: int
    window_days: int
    eligible: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ByDistance:
    """Customers of one distance, up to the greatest age (of twelve) that thirty of each distance have reached; amounts are per customer."""

    distance: str
    age: int
    customers: int
    rate: float
    revenue: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True)
class Returning:
    rates: tuple[Rate, ...]
    distances: tuple[ByDistance, ...]


def read_returning(warehouse: Warehouse) -> Returning | None:
    """Rates over all customers, and the distances side by side; None where neither mart is built."""
    if not warehouse.has("marts.repurchase_rates"):
        return None
    rates = warehouse.rows("""
        select purchase_number, window_days, customers_eligible, repurchase_rate, repurchase_low_rate, repurchase_high_rate
        from marts.repurchase_rates
        where segment_kind = 'all'
        order by purchase_number, window_days
    """)
    return Returning(tuple(Rate(*row.values()) for row in rates), _distances(warehouse))


def _distances(warehouse: Warehouse) -> tuple[ByDistance, ...]:
    """Nothing unless there are two distances to hold beside each other, both seen at age 1 or later."""
    if not warehouse.has("marts.cohort_retention_by_distance"):
        return ()
    rows = warehouse.rows("""
        with seen as (
            select
                distance_at_acquisition as distance,
                age,
                sum(customers_count)::bigint as customers,
                sum(active_customers)::double / sum(customers_count) as rate,
                sum(cumulative_revenue_amount * customers_count) as revenue,
                sum(cumulative_ltv_amount * customers_count) as margin
            from marts.cohort_retention_by_distance
            where distance_at_acquisition in ('network', 'new') and retention_rate is not null and customers_count > 0
            group by distance_at_acquisition, age
        ),

        shared as (
            select max(age) as age
            from (select age from seen where age between 1 and 12 and customers >= 30 group by age having count(*) = 2)
        )

        select seen.*
        from seen inner join shared using (age)
        order by seen.distance
    """)
    return tuple(
        ByDistance(
            row["distance"],
            row["age"],
            row["customers"],
            row["rate"],
            *(_each(row[name], row["customers"]) for name in ("revenue", "margin")),
        )
        for row in rows
    )


def _each(amount: Decimal | None, customers: int) -> Decimal | None:
    return None if amount is None else amount / customers
