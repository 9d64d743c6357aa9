"""How far the forecasts of contracts can be trusted: each plan's gate, the weeks held out last, and whose parameters value it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from goodwill.report.reading import Warehouse

__all__ = ["Contracts", "Plan", "read_contracts"]


@dataclass(frozen=True)
class Plan:
    """A plan, or all of them together (`name` is None): its `contracts`, and what was forecast of the renewals due in the weeks held out.

    `ended` are contracts that were not renewed when due, `value` their payments, not discounted; None where nothing of the plan was due.
    `origin` says whose parameters value it: fitted (tonight's), restored (accepted `stale_days` ago), observed (the weeks held out), none.
    """

    name: str | None
    contracts: int
    gate: str
    gate_message: str
    origin: str
    stale_days: int | None
    predicted_ended: float | None
    actual_ended: int | None
    naive_ended: float | None
    predicted_value: Decimal | None
    actual_value: Decimal | None


@dataclass(frozen=True)
class Contracts:
    cut_on: Any
    weeks: int | None
    plans: tuple[Plan, ...]


def read_contracts(warehouse: Warehouse, run_id: str) -> Contracts | None:
    """What is known of the forecasts of contracts; None where there are none, or in a warehouse that says nothing of it."""
    runs, holdouts = warehouse.first("model.clv_runs", "marts.clv_model_runs"), warehouse.first("model.clv_holdouts", "marts.clv_holdouts")
    if runs is None or holdouts is None or not warehouse.has(holdouts, "group_name", "actual_ended"):
        return None
    rows = warehouse.rows(
        f"""
        with judged as (
            select *
            from {holdouts}
            where run_id = $run_id and model in ('shifted_beta_geometric', 'renewed_as_last_period')
            qualify cut_on = max(cut_on) over ()
        )
        select
            nullif(fitted.group_name, 'all') as name, fitted.customers as contracts, fitted.gate, fitted.gate_message,
            coalesce(instead.origin, case when fitted.status = 'accepted' then 'fitted' else 'none' end) as origin, instead.stale_days,
            held.predicted_ended, held.actual_ended, naive.predicted_ended as naive_ended,
            cast(held.predicted_value as decimal(18, 2)) as predicted_value, cast(held.actual_value as decimal(18, 2)) as actual_value,
            held.cut_on, held.weeks
        from {runs} as fitted
        left join (
            select group_name, max(origin) as origin, max(stale_days) as stale_days
            from {runs}
            where run_id = $run_id and model = 'shifted_beta_geometric' and origin <> 'fitted'
            group by group_name
        ) as instead
            on fitted.group_name = instead.group_name
        left join judged as held
            on fitted.group_name = held.group_name and held.model = fitted.model
        left join judged as naive
            on fitted.group_name = naive.group_name and naive.model = 'renewed_as_last_period'
        where
            fitted.run_id = $run_id and fitted.model = 'shifted_beta_geometric' and fitted.origin = 'fitted' and fitted.gate is not null
        order by fitted.group_name = 'all', fitted.customers desc, fitted.group_name
        """,
        {"run_id": run_id},
    )
    if not rows:
        return None
    told = next((row for row in rows if row["cut_on"] is not None), {"cut_on": None, "weeks": None})
    plans = tuple(Plan(**{name: value for name, value in row.items() if name not in ("cut_on", "weeks")}) for row in rows)
    return Contracts(told["cut_on"], told["weeks"], plans)
