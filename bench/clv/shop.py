"""A shop of simulated MBG/NBD customers with Gamma-Gamma spend, as the tables that the CLV stage reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.clv.timing import connected

__all__ = ["make_shop", "make_tables"]

Integers = NDArray[np.int64]


def make_shop(path: Path, customers: int) -> None:
    """The shop as a warehouse file."""
    with connected(path) as connection:
        make_tables(connection, customers)


def make_tables(connection: duckdb.DuckDBPyConnection, customers: int, seed: int = 7, span: int = 730) -> None:
    """The intermediate tables of a shop of MBG/NBD customers, first seen up to `span` days ago."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.6, 1 / 7.0, customers) / 7
    age = random.integers(0, span + 1, customers)
    leaves = random.geometric(np.clip(random.beta(0.8, 2.4, customers), 1e-12, 1.0))
    time_of, last, x = np.zeros(customers), np.zeros(customers, dtype=np.int64), np.zeros(customers, dtype=np.int64)
    active, number = np.flatnonzero(leaves > 1), 1
    while len(active):
        time_of[active] += random.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[time_of[active] <= age[active]]
        day = np.floor(time_of[active]).astype(np.int64)
        new = active[day > last[active]]
        x[new] += 1
        last[active] = np.maximum(last[active], day)
        number += 1
        active = active[leaves[active] > number]
    nu = random.gamma(4.0, 1 / 15.0, customers)
    first, repeat = random.gamma(6.0, 1 / nu), random.gamma(np.maximum(6.0 * x, 1e-9), 1 / nu)
    columns = {
        "person": np.arange(customers),
        "x": x,
        "t_x_days": last,
        "age_days": age,
        "first": first,
        "repeat": np.where(x > 0, repeat, 0),
    }
    connection.register("made", pa.table(columns))
    connection.execute("create schema intermediate")
    connection.execute(_FACTS)
    connection.unregister("made")
    for statement in _TABLES:
        connection.execute(statement)


_FACTS = """
create table intermediate.int_customer_facts as
select 'p' || person as person_id, false as is_guest, x + 1 as purchase_days, x, t_x_days, age_days,
    cast(first + 0.01 as decimal(18, 2)) as first_amount, cast(repeat as decimal(18, 2)) as repeat_amount,
    cast((first + repeat) * 0.3 as decimal(18, 2)) as margin_amount, false as margin_is_assumed,
    cast(0 as decimal(18, 2)) as cost_to_serve_amount, cast(null as varchar) as first_category,
    cast(null as date) as last_purchase_on, cast(null as date) as last_subscription_ended_on
from made
"""

_TABLES = (
    "create table intermediate.int_clv_customers as select person_id, cast(null as varchar) as brand, 'all' as model_group "
    "from intermediate.int_customer_facts",
    "create table intermediate.int_rfm_tuples as select 'all' as model_group, x, t_x_days, age_days, count(*) as customers "
    "from intermediate.int_customer_facts group by all",
    "create table intermediate.int_spend_tuples as select 'all' as model_group, x, cast(round(repeat_amount * 100 / x) as bigint) as "
    "mean_repeat_cents, count(*) as customers from intermediate.int_customer_facts where x > 0 and repeat_amount > 0 group by all",
    "create table intermediate.int_contract_tuples (plan varchar, begun_in bigint, periods bigint, is_ended boolean, contracts bigint)",
    "create table intermediate.int_contracts (plan varchar, period_days double, started_on date, ended_on date, amount decimal(18, 2))",
    "create table intermediate.int_contracts__running (person_id varchar, plan varchar, period_days double, periods bigint, started_on date, "
    "days_to_renewal double, amount decimal(18, 2), renewals_12 bigint, renewals_24 bigint, renewals_36 bigint, "
    "renewals_30_days bigint, renewals_90_days bigint, renewals_180_days bigint, renewals_365_days bigint)",
    "create table intermediate.int_people (person_id varchar, cost_to_serve_amount decimal(18, 2))",
    "create table intermediate.int_purchase_days (person_id varchar, is_guest boolean, purchased_on date)",
)
