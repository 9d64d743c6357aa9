"""What a silence says of a customer: the day P(alive) fell below a limit, and what it was some days ago. Into `model.clv_silences`.

Without a purchase P(alive) only falls, so the day is found by halving, whatever the model. BG/NBD is not asked: it takes every one-time
buyer for alive.
"""

from __future__ import annotations

from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goodwill.clv.outlooks import ModelName, Outlook, outlook_of
from goodwill.clv.runs import ALL, CONTRACT_MODEL, SPEND_MODEL, read_scoring_runs
from goodwill.clv.tuples import PurchaseTuples, read_purchase_tuples
from goodwill.sql import literal

__all__ = ["first_day_below", "write_silences"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
#: The models whose P(alive) tells one-time buyers apart.
_ASKED = ("mbg_nbd", "pareto_nbd")

_SILENCES = """
create or replace table model.clv_silences as
select
    facts.person_id,
    said.below_age_days,
    said.p_alive_before
from intermediate.int_customer_facts as facts
inner join intermediate.int_clv_customers as about
    on facts.person_id = about.person_id
inner join clv_silent_tuples as said
    on about.model_group = said.model_group
    and facts.x = said.x
    and coalesce(facts.t_x_days, 0) = said.t_x_days
    and facts.age_days = said.age_days
where not facts.is_guest
"""


def write_silences(connection: duckdb.DuckDBPyConnection, run_id: str, limit: float, days: int) -> None:
    """Write `model.clv_silences`: one row for every customer whom MBG/NBD or Pareto/NBD scores tonight.

    Columns: `below_age_days`, the age in days at which P(alive) was first below `limit` (NULL: it is not); `p_alive_before`, P(alive) of
    `days` days ago (NULL where the customer bought since).

    Parameters
    ----------
    connection : the open working warehouse, after `score` of the same `run_id`.
    limit : the P(alive) below which a customer is at risk.
    """
    runs = {run.group_name: run for run in read_scoring_runs(connection, run_id) if run.model not in (SPEND_MODEL, CONTRACT_MODEL)}
    groups = [row[0] for row in connection.execute("select distinct model_group from intermediate.int_rfm_tuples order by 1").fetchall()]
    tables = [_table([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for group in groups:
        run = runs.get(group, runs.get(ALL))
        if run is None or run.model not in _ASKED:
            continue
        outlook = outlook_of(cast(ModelName, run.model), run.parameters)
        tuples = read_purchase_tuples(connection, f"(from intermediate.int_rfm_tuples where model_group = {literal(group)})")
        names = [group] * len(tuples.x)
        below, before = first_day_below(outlook, tuples, limit), _some_days_ago(outlook, tuples, days)
        tables.append(_table(names, tuples.x, tuples.t_x_days, tuples.age_days, below, before))
    connection.register("clv_silent_tuples", pa.concat_tables(tables))
    try:
        connection.execute(_SILENCES)
    finally:
        connection.unregister("clv_silent_tuples")


def first_day_below(outlook: Outlook, tuples: PurchaseTuples, limit: float) -> Integers:
    """The first age in days, not before the last purchase, at which P(alive) is below `limit`; -1 where it is not below it today."""
    found = np.full(len(tuples.x), -1, dtype=np.int64)
    places = np.flatnonzero(outlook.p_alive(tuples) < limit)
    low, high = tuples.t_x_days[places] - 1, tuples.age_days[places].copy()  # above the limit at low, or before it; below it at high
    while (high - low > 1).any():
        middle = (low + high + 1) >> 1
        is_below = outlook.p_alive(_at(tuples, places, middle)) < limit
        # where both are neighbours already, the middle is the upper one, which is below
        low, high = np.where(is_below, low, middle), np.where(is_below, middle, high)
    found[places] = high
    return found


def _some_days_ago(outlook: Outlook, tuples: PurchaseTuples, days: int) -> Floats:
    """P(alive) of `days` days ago by the same history; NaN where that was before the last purchase."""
    found = np.full(len(tuples.x), np.nan)
    places = np.flatnonzero(tuples.age_days - days >= tuples.t_x_days)
    found[places] = outlook.p_alive(_at(tuples, places, tuples.age_days[places] - days))
    return found


def _at(tuples: PurchaseTuples, places: Integers, age_days: Integers) -> PurchaseTuples:
    """Some of the histories, looked at on another day."""
    return PurchaseTuples(tuples.x[places], tuples.t_x_days[places], age_days, tuples.customers[places])


def _table(groups: list[str], x: Integers, t_x_days: Integers, age_days: Integers, below: Integers, before: Floats) -> pa.Table:
    return pa.table(
        {
            "model_group": pa.array(groups, pa.string()),
            "x": x,
            "t_x_days": t_x_days,
            "age_days": age_days,
            "below_age_days": pa.array(below, mask=below < 0),
            "p_alive_before": pa.array(before, mask=np.isnan(before)),
        }
    )
