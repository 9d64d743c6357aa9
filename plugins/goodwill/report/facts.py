"""All that the report says, measured once: the page and the terminal summary show the same facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import duckdb

from goodwill.report.arrivals import Arrivals, read_arrivals
from goodwill.report.changes import Changes, read_changes
from goodwill.report.checks import Checks, read_checks
from goodwill.report.cohorts import Cohorts, read_cohorts
from goodwill.report.contracts import Contracts, read_contracts
from goodwill.report.forecasts import Forecasts, read_forecasts
from goodwill.report.intake import Balance, Batch, Rejection, read_balances, read_batches, read_rejections
from goodwill.report.models import ModelRun, read_models
from goodwill.report.night import Night, read_night
from goodwill.report.notices import Notice, read_notices
from goodwill.report.reading import Row, Warehouse
from goodwill.report.referrals import Referrals, read_referrals
from goodwill.report.returning import Returning, read_returning
from goodwill.report.segments import Segments, read_segments
from goodwill.report.value import Value, read_value

__all__ = ["Facts", "gather"]

T = TypeVar("T")


@dataclass(frozen=True)
class Customers:
    """The customers as orders and contracts tell them, before any model; `subscribers` of them never bought, and have a contract that runs."""

    customers: int
    subscribers: int
    guests: int
    trailing_revenue: Decimal | None


@dataclass(frozen=True)
class Facts:
    """One night. What could not be measured is None or empty; `troubles` says what went wrong while measuring."""

    night: Night
    checks: Checks
    balances: tuple[Balance, ...]
    rejections: tuple[Rejection, ...]
    batches: tuple[Batch, ...]
    arrivals: Arrivals
    notices: tuple[Notice, ...]
    customers: Customers | None
    cohorts: Cohorts | None
    returning: Returning | None
    models: tuple[ModelRun, ...]
    value: Value | None
    forecasts: Forecasts | None
    contracts: Contracts | None
    segments: Segments | None
    changes: Changes | None
    referrals: Referrals | None
    troubles: tuple[str, ...]

    @property
    def rejected_rows(self) -> int:
        return sum(balance.rows[4] or 0 for balance in self.balances)


def _customers(warehouse: Warehouse) -> Customers | None:
    table = warehouse.first("marts.dim_customers", "intermediate.int_customer_facts")
    if table is None:
        return None
    # who has a contract that runs and never bought is a customer too; without the dimension only buyers are known
    customer = "is_customer" if warehouse.has(table, "is_customer") else "first_purchase_on is not null"
    found: Row = warehouse.row(f"""
        select
            count(*) filter (where not is_guest) as customers, count(*) filter (where first_purchase_on is null) as subscribers,
            count(*) filter (where is_guest) as guests, sum(trailing_12m_revenue_amount) as trailing_revenue
        from {table}
        where {customer}
    """)
    return Customers(**found)


def gather(warehouse_path: Path, run_dir: Path, verdict: str | None = None) -> Facts:
    """Measure the night.

    A query that fails costs its own part of the report and is named in `troubles`: the report of a blocked night must appear whatever
    state its warehouse is in.

    Parameters
    ----------
    warehouse_path : the night's DuckDB file; opened read-only, closed before returning; may be missing.
    run_dir : folder of the run: `run.json`, `stages.jsonl`, `validation_results/`.
    verdict : published, blocked or failed; None takes it from `run.json`.
    """
    troubles: list[str] = []

    def measured(part: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except (duckdb.Error, KeyError) as error:
            troubles.append(f"{part}: {str(error).splitlines()[0]}")
            return otherwise

    with Warehouse(warehouse_path) as warehouse:
        night = read_night(warehouse, run_dir, verdict)
        if warehouse.trouble:
            troubles.append(warehouse.trouble)
        nothing: tuple[Balance, ...] = ()
        balances = measured("what came in", lambda: read_balances(warehouse), nothing)
        return Facts(
            night=night,
            checks=measured("the checks", lambda: read_checks(run_dir), Checks((), ())),
            balances=balances,
            rejections=measured("what was rejected", lambda: read_rejections(warehouse), ()),
            batches=measured("the batches", lambda: read_batches(warehouse), ()),
            arrivals=measured("what happened on the way in", lambda: read_arrivals(warehouse, run_dir), Arrivals()),
            notices=measured("the notices", lambda: read_notices(warehouse, night, balances), ()),
            customers=measured("the customers", lambda: _customers(warehouse), None),
            cohorts=measured("the cohorts", lambda: read_cohorts(warehouse, int(night.settings.get("cohorts_age_days") or 30)), None),
            returning=measured("who came back in time", lambda: read_returning(warehouse), None),
            models=measured("the models", lambda: read_models(warehouse, night.run_id), ()),
            value=measured("the value of customers", lambda: read_value(warehouse), None),
            forecasts=measured("the forecasts", lambda: read_forecasts(warehouse, night.run_id), None),
            contracts=measured("the forecasts of contracts", lambda: read_contracts(warehouse, night.run_id), None),
            segments=measured("the segments", lambda: read_segments(warehouse), None),
            changes=measured("what changed", lambda: read_changes(warehouse, night.as_of), None),
            referrals=measured("the referrals", lambda: read_referrals(warehouse), None),
            troubles=tuple(troubles),
        )
