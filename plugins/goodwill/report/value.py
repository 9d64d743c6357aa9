"""What customers are worth: the models of the night, the spread of value, who is still there, and how concentrated value is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from goodwill.report.reading import Row, Warehouse

__all__ = ["Bin", "Concentration", "LandscapeCell", "ModelRun", "Value", "read_models", "read_value"]

PARAMETERS = ("r", "alpha", "a", "b", "p", "q", "v")
#: Purchase days and days since the last one: a label and the first value of each band.
PURCHASE_BANDS = (("1", 1), ("2", 2), ("3–4", 3), ("5–9", 5), ("10–19", 10), ("20–49", 20), ("50–99", 50), ("100 +", 100))
SINCE_BANDS = (("0–29", 0), ("30–59", 30), ("60–89", 60), ("90–179", 90), ("180–364", 180), ("365–729", 365), ("730 +", 730))
BINS = 24


@dataclass(frozen=True)
class ModelRun:
    """One fitted model: its parameters and how the fit went."""

    model: str
    scoring: bool
    parameters: dict[str, float]
    customers: int | None
    repeat_customers: int | None
    tuples: int | None
    log_likelihood: float | None
    converged: bool | None
    data_hash: str | None
    seconds: float | None
    status: str | None
    message: str | None


@dataclass(frozen=True)
class Bin:
    """Customers whose value lies in `[low, high)`; an open end is None."""

    low: float | None
    high: float | None
    customers: int


@dataclass(frozen=True)
class LandscapeCell:
    """Customers of one band of purchases and one band of silence."""

    customers: int
    p_alive: float
    clv: Decimal


@dataclass(frozen=True)
class Concentration:
    """How unequally the positive value is held; `points` run from the most valuable customer down."""

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


def read_models(warehouse: Warehouse) -> tuple[ModelRun, ...]:
    """The models of this night: those of timing first, the one in use before the others, then the model of spend."""
    table = warehouse.first("marts.clv_model_runs", "model.clv_runs")
    if table is None:
        return ()
    latest = "as_of = (select max(as_of) from control.night)" if warehouse.has("control.night", "as_of") else "true"
    rows = warehouse.rows(f"select * from {table} where {latest} order by model = 'gamma_gamma', is_scoring_model desc, model")
    return tuple(
        ModelRun(
            model=row["model"],
            scoring=bool(row["is_scoring_model"]),
            parameters={name: row[name] for name in PARAMETERS if row.get(name) is not None},
            customers=row.get("customers"),
            repeat_customers=row.get("repeat_customers"),
            tuples=row.get("tuples"),
            log_likelihood=row.get("log_likelihood"),
            converged=row.get("converged"),
            data_hash=row.get("data_hash"),
            seconds=row.get("fitted_seconds"),
            status=row.get("status"),
            message=row.get("message"),
        )
        for row in rows
    )


def read_value(warehouse: Warehouse) -> Value | None:
    """The value of the customers; None when nobody is scored."""
    table = warehouse.first("marts.clv_customers", "model.clv_scores")
    if table is None:
        return None
    totals = warehouse.row(f"""
        select count(*) as customers, sum(clv_12) as clv_12, sum(clv_24) as clv_24, sum(clv_36) as clv_36, avg(clv_12)::double as mean,
            median(clv_12)::double as median, quantile_cont(clv_12::double, 0.9) as ninetieth, quantile_cont(clv_12::double, 0.99) as high
        from {table}
    """)
    if not totals.get("customers"):
        return None
    used = warehouse.rows(f"select model_used, fallback_reason, count(*) as customers from {table} group by model_used, fallback_reason order by customers desc, 1, 2")
    return Value(
        customers=totals["customers"],
        equity={months: totals[f"clv_{months}"] for months in (12, 24, 36)},
        mean=totals["mean"],
        median=totals["median"],
        ninetieth=totals["ninetieth"],
        bins=_bins(warehouse, table, totals["high"]),
        landscape=_landscape(warehouse, table),
        concentration=_concentration(warehouse, table),
        models_used=tuple((row["model_used"], row["fallback_reason"], row["customers"]) for row in used),
    )


def _nice_step(width: float) -> float:
    """The next of 1, 2, 5 × 10ⁿ that is not below `width`: limits a reader can name."""
    if width <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= width * (1 - 1e-9))


def _bins(warehouse: Warehouse, table: str, high: float) -> tuple[Bin, ...]:
    """Equal steps from 0 to the 99th percentile, one bin for what is below nothing and one for what is above."""
    step = _nice_step(high / BINS)
    last = max(math.ceil(high / step), 1)
    query = f"""
        select greatest(-1, least(floor(clv_12::double / ?)::bigint, ?)) as place, count(*) as customers
        from {table} group by place
    """
    found = {row["place"]: row["customers"] for row in warehouse.rows(query, [step, last])}
    bins = [Bin(place * step, (place + 1) * step, found.get(place, 0)) for place in range(last)]
    below = [Bin(None, 0.0, found[-1])] if -1 in found else []
    above = [Bin(last * step, None, found[last])] if last in found else []
    return (*below, *bins, *above)


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
    ranked = f"""
        with positive as (select clv_12::double as value, person_id from {table} where clv_12 > 0),
        ranked as (
            select value, row_number() over (order by value desc, person_id) as place,
                sum(value) over (order by value desc, person_id rows unbounded preceding) as held
            from positive
        )
    """
    totals: Row = warehouse.row(f"""{ranked}
        select count(*) as n, max(held) as total, (1 + 1.0 / count(*)) - 2 * sum(place * value) / (count(*) * sum(value)) as mirrored,
            count_if(held < 0.8 * (select max(held) from ranked)) + 1 as holders
        from ranked
    """)
    if not totals.get("n"):
        return None
    n, total = int(totals["n"]), float(totals["total"])
    wanted: dict[int, Any] = {place: max(1, math.ceil(n * place / 100)) for place in range(1, 101)}
    places = sorted(set(wanted.values()))
    found = warehouse.rows(f"{ranked} select place, held from ranked where place in (select unnest(?::bigint[]))", [places])
    held = {row["place"]: row["held"] / total for row in found}
    below = warehouse.row(f"select count_if(clv_12 < 0) as customers, coalesce(sum(clv_12) filter (where clv_12 < 0), 0) as total from {table}")
    return Concentration(
        points=((0.0, 0.0), *((place / n, share) for place, share in sorted(held.items()))),
        top={share: held[wanted[share]] for share in (1, 5, 10, 20)},
        gini=float(totals["mirrored"]),
        holders_of_80=min(int(totals["holders"]), n) / n,
        negative_customers=below["customers"],
        negative_sum=below["total"],
    )
