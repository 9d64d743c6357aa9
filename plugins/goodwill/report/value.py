"""What customers are worth: the spread of value, who is still there, and how concentrated value is. From `marts.clv_customers`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from goodwill.report.formats import DASH
from goodwill.report.reading import Warehouse

__all__ = ["PURCHASE_BANDS", "SINCE_BANDS", "Bin", "Concentration", "LandscapeCell", "Value", "read_value"]


def _bands(*firsts: int) -> tuple[tuple[str, int], ...]:
    """Label and first value of each band: it ends where the next begins, the last one is open."""
    ends = (*(following - 1 for following in firsts[1:]), None)
    return tuple(
        (f"{first} +" if end is None else str(first) if end == first else f"{first}{DASH}{end}", first)
        for first, end in zip(firsts, ends, strict=True)
    )


#: Bands of purchase days, and of days since the last one.
PURCHASE_BANDS = _bands(1, 2, 3, 5, 10, 20, 50, 100)
SINCE_BANDS = _bands(0, 30, 60, 90, 180, 365, 730)
BINS = 12


@dataclass(frozen=True)
class Bin:
    """Customers whose value lies in `[low, high)` (an open end is None): how many, their share, and the share of value they hold."""

    low: float | None
    high: float | None
    customers: int
    share: float
    held: float


@dataclass(frozen=True)
class LandscapeCell:
    """Customers of one band of purchases and one band of silence."""

    customers: int
    p_alive: float
    clv: Decimal


@dataclass(frozen=True)
class Concentration:
    """How unequally value is held among the customers who are not below zero; `points` run from the most valuable customer down."""

    points: tuple[tuple[float, float], ...]
    top: dict[int, float]
    gini: float
    holders_of_80: float
    negative_customers: int
    negative_sum: Decimal


@dataclass(frozen=True)
class Value:
    customers: int
    equity: dict[int, Decimal]
    mean: float
    median: float
    ninetieth: float
    bins: tuple[Bin, ...]
    landscape: dict[tuple[int, int], LandscapeCell]
    concentration: Concentration | None
    models_used: tuple[tuple[str, str | None, int], ...]
    on_revenue: bool = False

    @property
    def basis(self) -> str:
        """What values are counted in: without any known or assumed margin they are revenue, and must not be called otherwise."""
        return "revenue" if self.on_revenue else "margin"

    @property
    def basis_of(self) -> str:
        return "revenue" if self.on_revenue else "a margin"


def read_value(warehouse: Warehouse) -> Value | None:
    """The value of the customers; None when nobody is scored."""
    table = warehouse.first("marts.clv_customers", "model.clv_scores")
    if table is None:
        return None
    totals = warehouse.row(f"""
        select count(*) as customers, sum(clv_12) as clv_12, sum(clv_24) as clv_24, sum(clv_36) as clv_36, avg(clv_12)::double as mean,
            median(clv_12)::double as median, quantile_cont(clv_12::double, 0.9) as ninetieth
        from {table}
    """)
    if not totals.get("customers"):
        return None
    used = warehouse.rows(f"""
        select model_used, fallback_reason, count(*) as customers
        from {table}
        group by model_used, fallback_reason
        order by customers desc, model_used, fallback_reason
    """)
    on_revenue = warehouse.has(table, "value_basis") and bool(
        warehouse.row(f"select bool_or(value_basis = 'revenue') as on_revenue from {table}")["on_revenue"]
    )
    return Value(
        on_revenue=on_revenue,
        customers=totals["customers"],
        equity={months: totals[f"clv_{months}"] for months in (12, 24, 36)},
        mean=totals["mean"],
        median=totals["median"],
        ninetieth=totals["ninetieth"],
        bins=_bins(warehouse, table, totals["customers"]),
        landscape=_landscape(warehouse, table),
        concentration=_concentration(warehouse, table),
        models_used=tuple((row["model_used"], row["fallback_reason"], row["customers"]) for row in used),
    )


def _limits(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between `low` and `high`: limits a reader can name, wide enough for values over magnitudes."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    steps = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [step for step in steps if low * 0.999 <= step <= high * 1.001]
    return inside[-BINS:] or [high]


def _bins(warehouse: Warehouse, table: str, customers: int) -> tuple[Bin, ...]:
    """Customers, and the value they hold together, by how much each is worth."""
    ends = warehouse.row(f"""
        select quantile_cont(clv_12::double, 0.01) as low, quantile_cont(clv_12::double, 0.995) as high, sum(clv_12)::double as total
        from {table} where clv_12 > 0
    """)
    limits = [0.0, *_limits(max(ends["low"], ends["high"] / 10_000), ends["high"])] if ends.get("high") else [0.0]
    rows = warehouse.rows(
        f"""
        select len(list_filter(?::double[], low -> low <= clv_12::double)) as place, count(*) as customers, sum(clv_12)::double as held
        from {table} group by place
        """,
        [limits],
    )
    found = {row["place"]: row for row in rows}
    total = ends.get("total") or 0.0
    return tuple(
        Bin(
            low=limits[place - 1] if place else None,
            high=limits[place] if place < len(limits) else None,
            customers=found[place]["customers"] if place in found else 0,
            share=(found[place]["customers"] if place in found else 0) / customers,
            held=max(found[place]["held"], 0.0) / total if place in found and total else 0.0,
        )
        for place in range(len(limits) + 1)
        if place or place in found
    )


def _band(column: str, bands: tuple[tuple[str, int], ...]) -> str:
    cases = " ".join(f"when {column} >= {first} then {place}" for place, (_, first) in reversed(list(enumerate(bands))))
    return f"case {cases} else 0 end"


def _landscape(warehouse: Warehouse, table: str) -> dict[tuple[int, int], LandscapeCell]:
    rows = warehouse.rows(f"""
        select {_band("x + 1", PURCHASE_BANDS)} as purchases, {_band("age_days - t_x_days", SINCE_BANDS)} as since,
            count(*) as customers, avg(p_alive) as p_alive, sum(clv_12) as clv
        from {table}
        where p_alive is not null
        group by purchases, since
    """)
    return {(row["purchases"], row["since"]): LandscapeCell(row["customers"], row["p_alive"], row["clv"]) for row in rows}


def _concentration(warehouse: Warehouse, table: str) -> Concentration | None:
    """One sort of the values that are not below zero, from the top; equal values may stand in any order, the curve is the same."""
    totals = warehouse.row(f"""
        select count(*) filter (where clv_12 >= 0) as n, (sum(clv_12) filter (where clv_12 >= 0))::double as total, count(*) filter (where clv_12 < 0) as negative,
            coalesce(sum(clv_12) filter (where clv_12 < 0), 0) as negative_sum
        from {table}
        where model_used <> 'guest'
    """)
    n, total = int(totals["n"]), totals["total"]
    if not total:
        return None
    hundredths = warehouse.rows(
        f"""
        with ranked as (
            select clv_12::double as value, row_number() over down as place, sum(clv_12::double) over down as held
            from {table}
            where clv_12 >= 0 and model_used <> 'guest'
            window down as (order by clv_12 desc rows between unbounded preceding and current row)
        )
        select place * 100 // $n as hundredth, min(place) as place, min(held) as held, sum(place * value) as weighted,
            count(*) filter (where held < 0.8 * $total) as before_80
        from ranked
        group by hundredth
        order by hundredth
        """,
        {"n": n, "total": total},
    )
    # the fewest customers that are at least so many hundredths of all
    held = {share: next(row["held"] for row in hundredths if row["hundredth"] >= share) / total for share in (1, 5, 10, 20)}
    return Concentration(
        points=((0.0, 0.0), *((row["place"] / n, row["held"] / total) for row in hundredths)),
        top=held,
        gini=(n + 1) / n - 2 * sum(row["weighted"] for row in hundredths) / (n * total),
        holders_of_80=min(sum(row["before_80"] for row in hundredths) + 1, n) / n,
        negative_customers=totals["negative"],
        negative_sum=totals["negative_sum"],
    )
