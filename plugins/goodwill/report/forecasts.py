"""How far the forecasts can be trusted: the gate, the weeks held out last, and how wide the intervals are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from goodwill.report.reading import Warehouse

__all__ = ["Forecasts", "Measured", "Tenth", "Week", "Width", "read_forecasts"]


@dataclass(frozen=True)
class Measured:
    """One model in the weeks held out last; `naive` is the rule "same as last period", `scoring` the model in use."""

    model: str
    scoring: bool
    naive: bool
    predicted: float | None
    actual: int | None
    bias: float | None
    mae: float | None
    gini: float | None
    message: str | None


@dataclass(frozen=True)
class Tenth:
    """A tenth of the customers by forecast, 1 the lowest: purchases of a customer, forecast and real."""

    decile: int
    predicted: float
    actual: float


@dataclass(frozen=True)
class Week:
    week: int
    predicted: float
    actual: float


@dataclass(frozen=True)
class Width:
    """Customers of one tenth by value, 10 the most valuable: their mean value over twelve months, and the means of its bounds."""

    decile: int
    customers: int
    clv: Decimal
    low_80: Decimal
    high_80: Decimal
    low_95: Decimal
    high_95: Decimal


@dataclass(frozen=True)
class Forecasts:
    """The verdict on the model in use, and what it rests on; `stale_days` is set where earlier parameters score."""

    gate: str | None
    gate_message: str | None
    stale_days: int | None
    stale_message: str | None
    cut_on: Any
    weeks: int | None
    measured: tuple[Measured, ...]
    tenths: tuple[Tenth, ...]
    tracking: tuple[Week, ...]
    widths: tuple[Width, ...]


def read_forecasts(warehouse: Warehouse, run_id: str) -> Forecasts | None:
    """What is known of the forecasts of this night; None in a warehouse that says nothing of it."""
    runs = warehouse.first("model.clv_runs", "marts.clv_model_runs")
    if runs is None or not warehouse.has(runs, "gate", "origin", "stale_days"):
        return None
    verdict = warehouse.row(
        f"select model, gate, gate_message from {runs} where run_id = ? and gate is not null and origin = 'fitted' "
        "and model <> 'shifted_beta_geometric'",
        [run_id],
    )
    scoring = warehouse.row(
        f"select model, stale_days, message from {runs} where run_id = ? and is_scoring_model and group_name = 'all' "
        "and model not in ('gamma_gamma', 'shifted_beta_geometric')",
        [run_id],
    )
    model = scoring.get("model") or verdict.get("model")
    measured, cut_on, weeks = _measured(warehouse, run_id, model)
    return Forecasts(
        gate=verdict.get("gate"),
        gate_message=verdict.get("gate_message"),
        stale_days=scoring.get("stale_days"),
        stale_message=scoring.get("message") if scoring.get("stale_days") is not None else None,
        cut_on=cut_on,
        weeks=weeks,
        measured=measured,
        tenths=_tenths(warehouse, run_id, model, cut_on),
        tracking=_tracking(warehouse, run_id, model, cut_on),
        widths=_widths(warehouse),
    )


def _measured(warehouse: Warehouse, run_id: str, model: str | None) -> tuple[tuple[Measured, ...], Any, int | None]:
    """The models at the latest cut, the one in use first, the naive rule last."""
    table = warehouse.first("model.clv_holdouts", "marts.clv_holdouts")
    if table is None:
        return (), None, None
    rows = warehouse.rows(
        f"with judged as (select * from {table} where model not in ('shifted_beta_geometric', 'renewed_as_last_period')) "
        "select * from judged where run_id = ? and cut_on = (select max(cut_on) from judged where run_id = ?) "
        "order by model = 'same_as_last_period', model <> ?, model",
        [run_id, run_id, model or ""],
    )
    found = tuple(
        Measured(
            row["model"],
            row["model"] == model,
            row["model"] == "same_as_last_period",
            *(row[name] for name in ("predicted", "actual", "bias", "mae", "gini", "message")),
        )
        for row in rows
    )
    return found, rows[0]["cut_on"] if rows else None, rows[0]["weeks"] if rows else None


def _tenths(warehouse: Warehouse, run_id: str, model: str | None, cut_on: Any) -> tuple[Tenth, ...]:
    table = warehouse.first("model.clv_calibration", "marts.clv_calibration")
    if table is None or cut_on is None:
        return ()
    rows = warehouse.rows(
        f"select decile, predicted / customers as predicted, actual / customers as actual from {table} "
        "where run_id = ? and model = ? and cut_on = ? order by decile",
        [run_id, model, cut_on],
    )
    return tuple(Tenth(**row) for row in rows)


def _tracking(warehouse: Warehouse, run_id: str, model: str | None, cut_on: Any) -> tuple[Week, ...]:
    table = warehouse.first("model.clv_tracking", "marts.clv_tracking")
    if table is None or cut_on is None:
        return ()
    rows = warehouse.rows(
        f"select week, predicted, actual from {table} where run_id = ? and model = ? and cut_on = ? order by week", [run_id, model, cut_on]
    )
    return tuple(Week(**row) for row in rows)


def _widths(warehouse: Warehouse) -> tuple[Width, ...]:
    table = warehouse.first("marts.clv_customers", "model.clv_scores")
    if table is None or not warehouse.has(table, "clv_12_low_80"):
        return ()
    bounds = ("low_80", "high_80", "low_95", "high_95")
    means = ", ".join(f"cast(avg(clv_12_{name}) as decimal(18, 2)) as {name}" for name in bounds)
    rows = warehouse.rows(
        f"""
        select decile, count(*) as customers, cast(avg(clv_12) as decimal(18, 2)) as clv, {means}
        from (
            select *, ntile(10) over (order by clv_12 asc nulls last, person_id asc nulls last) as decile
            from {table}
            where clv_12_low_80 is not null
        ) as placed
        group by decile
        order by decile desc
        """
    )
    return tuple(Width(**row) for row in rows)
