"""Contracts that were drawn: how they begin, are renewed and end is known, and churn may have changed in the last weeks."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from tests.unit.clv.histories import AS_OF, warehouse_of

__all__ = ["MONTH", "WEEKS", "add_contracts", "contracts"]

MONTH = 365.25 / 12
#: The weeks held out, in which churn may be another.
WEEKS = 13
#: What int_contract_tuples and int_contracts__running are of int_contracts.
_REMADE = """
delete from intermediate.int_contract_tuples;
insert into intermediate.int_contract_tuples
select plan, extract(year from started_on), periods, is_ended, count(*) from intermediate.int_contracts group by all;
delete from intermediate.int_contracts__running;
insert into intermediate.int_contracts__running
select person_id, plan, period_days, periods, started_on, days_to_renewal, amount, 1, 3, 6, 12, 12, 24, 36 from intermediate.int_contracts where not is_ended;
"""


def contracts(seed: int, number: int = 1500, as_of: dt.date = AS_OF, **how: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse with nothing but contracts, drawn as by `add_contracts`."""
    return add_contracts(warehouse_of([], as_of=as_of), seed, number, as_of=as_of, **how)


def add_contracts(
    connection: duckdb.DuckDBPyConnection,
    seed: int,
    number: int = 1500,
    factor: float = 1.0,
    plans: tuple[str, ...] = ("gold",),
    changed: str = "gold",
    as_of: dt.date = AS_OF,
    length: float = MONTH,
    shape: tuple[float, float] = (1.0, 12.0),
) -> duckdb.DuckDBPyConnection:
    """Contracts of sBG begun evenly over the two years before `as_of`; every chance to leave in the last 13 weeks times `factor`."""
    random = np.random.default_rng(seed)
    chance = random.beta(*shape, number)
    plan = np.array(plans)[np.arange(number) % len(plans)]
    started = random.integers(1, 730, number)
    cut = 7 * WEEKS
    ended = np.full(number, -1)
    for period in range(1, math.ceil(730 / length) + 1):
        ago = started - np.rint(period * length)
        now = np.where((ago < cut) & (plan == changed), np.minimum(chance * factor, 1.0), chance)
        ends = (ago >= 0) & (ended < 0) & (random.random(number) < now)
        ended[ends] = ago[ends]
    lasted = np.where(ended >= 0, started - ended, started)
    is_ended = ended >= 0
    periods = np.where(is_ended, np.maximum(np.ceil(lasted / length - 0.1), 1), np.floor(lasted / length) + 1).astype(int)
    day = np.datetime64(as_of, "D")
    names = [f"s{place}" for place in range(number)]
    table = pa.table(
        {
            "subscription_id": names,
            "person_id": names,
            "plan": plan,
            "period_days": np.full(number, length),
            "started_on": pa.array(day - started.astype("timedelta64[D]")),
            "is_ended": is_ended,
            "ended_on": pa.array(day - np.maximum(ended, 0).astype("timedelta64[D]"), mask=~is_ended),
            "amount": np.full(number, 10.0),
            "periods": periods,
            "days_to_renewal": np.where(is_ended, np.nan, periods * length - lasted),
        }
    )
    connection.register("simulated", table)
    connection.execute("insert into intermediate.int_contracts select * from simulated")
    connection.execute(_REMADE)
    return connection
