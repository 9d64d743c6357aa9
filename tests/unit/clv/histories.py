"""Small warehouses for the CLV and segment tests: the intermediate tables, made from plain purchases by SQL of the tests' own."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

RUN, AS_OF = "20240601T030000-test", dt.date(2024, 6, 1)

Purchase = tuple[str, dt.date, float]

_FACTS = """
create or replace table intermediate.int_purchase_days as
select person_id, purchased_on, cast(sum(amount) as decimal(18, 2)) as paid_amount, person_id like 'guest%' as is_guest
from purchases
group by all
having sum(amount) >= 0;

create or replace table intermediate.int_customer_facts as
with firsts as (
    select person_id, purchased_on, paid_amount, is_guest,
        min(purchased_on) over (partition by person_id) as first_on,
        lag(purchased_on) over (partition by person_id order by purchased_on) as previous_on
    from intermediate.int_purchase_days
)
select
    person_id, is_guest, false as is_left_censored, first_on as first_purchase_on, max(purchased_on) as last_purchase_on,
    count(*) as purchase_days, count(*) - 1 as x,
    cast(max(purchased_on) - first_on as bigint) as t_x_days, cast($as_of - first_on as bigint) as age_days,
    cast(max(paid_amount) filter (where purchased_on = first_on) as decimal(18, 2)) as first_amount,
    cast(coalesce(sum(paid_amount) filter (where purchased_on > first_on), 0) as decimal(18, 2)) as repeat_amount,
    cast(avg(paid_amount) filter (where purchased_on > first_on) as double) as mean_repeat_amount,
    count(*) as orders_count, cast(sum(paid_amount) as decimal(18, 2)) as revenue_amount, cast(0 as decimal(18, 2)) as refunded_amount,
    cast(sum(paid_amount) * $margin as decimal(18, 2)) as margin_amount, cast($margin as double) as margin_rate,
    false as margin_is_assumed,
    cast(coalesce(sum(paid_amount) filter (where purchased_on > $as_of - 365), 0) as decimal(18, 2)) as trailing_12m_revenue_amount,
    cast(coalesce(sum(paid_amount) filter (where purchased_on > $as_of - 365), 0) * $margin as decimal(18, 2))
        as trailing_12m_margin_amount,
    cast(0 as decimal(18, 2)) as cost_to_serve_amount, cast(0 as decimal(18, 2)) as trailing_12m_cost_to_serve_amount,
    cast(avg(purchased_on - previous_on) as double) as mean_gap_days,
    cast(quantile_disc(purchased_on - previous_on, 0.9) as double) as p90_gap_days,
    cast(null as varchar) as acquisition_channel, cast(null as varchar) as first_category, cast('new' as varchar) as distance_at_acquisition,
    cast(null as date) as last_subscription_ended_on
from firsts
group by person_id, is_guest, first_on;

create or replace table intermediate.int_people as
select
    person_id, is_guest, true as is_customer, first_purchase_on as created_on, cast(null as date) as deleted_on,
    cast(null as date) as first_invited_on, cast(null as date) as last_quote_on, cast(null as date) as last_cart_on,
    cast(null as date) as last_fair_on, cast(null as boolean) as has_active_subscription, cast(null as date) as last_subscription_ended_on, cast(null as date) as complaint_open_since, cost_to_serve_amount
from intermediate.int_customer_facts;

create or replace table intermediate.int_clv_customers as
select person_id, cast(null as varchar) as brand, 'all' as model_group from intermediate.int_customer_facts;

create or replace table intermediate.int_contract_tuples (plan varchar, begun_in bigint, periods bigint, is_ended boolean, contracts bigint);

create or replace table intermediate.int_contracts (
    subscription_id varchar, person_id varchar, plan varchar, period_days double, started_on date, is_ended boolean, ended_on date,
    amount decimal(18, 2), periods bigint, days_to_renewal double
);

create or replace table intermediate.int_contracts__running (
    person_id varchar, plan varchar, period_days double, periods bigint, started_on date, days_to_renewal double, amount decimal(18, 2),
    renewals_30_days bigint, renewals_90_days bigint, renewals_180_days bigint, renewals_365_days bigint,
    renewals_12 bigint, renewals_24 bigint, renewals_36 bigint
);

create or replace table intermediate.int_referrals__accepted (referred_person_id varchar, edge_on date);
"""

_TUPLES = """
create or replace table intermediate.int_rfm_tuples as
select model_group, x, t_x_days, age_days, count(*) as customers
from intermediate.int_customer_facts inner join intermediate.int_clv_customers using (person_id) where not is_guest group by all;

create or replace table intermediate.int_spend_tuples as
select model_group, x, cast(round(repeat_amount * 100 / x, 0) as bigint) as mean_repeat_cents, count(*) as customers
from intermediate.int_customer_facts inner join intermediate.int_clv_customers using (person_id) where not is_guest and x between 1 and t_x_days and t_x_days <= age_days and repeat_amount > 0 group by all;
"""


def warehouse_of(purchases: Iterable[Purchase] | str, as_of: dt.date = AS_OF, margin: float | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse over purchases (person, day, amount), or over a query giving them.

    A person whose id begins with "guest" is a guest order. `margin` is everybody's margin rate; None: no cost is known. Days on which
    nothing was paid count here, as they do in the published figures of CDNOW.
    """
    connection = duckdb.connect()
    connection.execute("create schema intermediate")
    if isinstance(purchases, str):
        connection.execute(f"create table purchases as {purchases}")
    else:
        connection.execute("create table purchases (person_id varchar, purchased_on date, amount decimal(18, 2))")
        people, days, amounts = zip(*purchases, strict=True) if (purchases := list(purchases)) else ((), (), ())
        columns = [pa.array(people, pa.string()), pa.array(days, pa.date32()), pa.array(amounts, pa.float64())]
        connection.register("rows", pa.table(columns, names=["person_id", "purchased_on", "amount"]))
        connection.execute("insert into purchases select * from rows")
        connection.unregister("rows")
    remake(connection, as_of, margin)
    return connection


def remake(connection: duckdb.DuckDBPyConnection, as_of: dt.date, margin: float | None) -> None:
    """(Re)make all tables from the purchases."""
    for statement in _FACTS.split(";"):
        if statement.strip():
            wanted = {name: value for name, value in {"as_of": as_of, "margin": margin}.items() if f"${name}" in statement}
            connection.execute(statement, wanted)
    group_tuples(connection)


def group_tuples(connection: duckdb.DuckDBPyConnection) -> None:
    """(Re)make the tuple tables from the facts."""
    connection.execute(_TUPLES)


def lifetimes_data(name: str) -> Path:
    """A data file of the lifetimes package, by path: importing its datasets module needs what is no longer installed."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / name


#: The ends of the 39 and of the 78 weeks of CDNOW.
CDNOW_HALF, CDNOW_WHOLE = dt.date(1997, 9, 30), dt.date(1998, 6, 30)


def cdnow_sample(as_of: dt.date = CDNOW_HALF) -> duckdb.DuckDBPyConnection:
    """The 2,357 customers of the published CDNOW sample, as of the end of their 39 (or 78) weeks."""
    return _cdnow("CDNOW_sample.txt", as_of, person=1, day=3, amount=5)


def cdnow_cohort(as_of: dt.date = CDNOW_HALF) -> duckdb.DuckDBPyConnection:
    """All 23,570 customers of CDNOW, as of the end of the same weeks."""
    return _cdnow("CDNOW_master.txt", as_of, person=1, day=2, amount=4)


def _cdnow(name: str, as_of: dt.date, person: int, day: int, amount: int) -> duckdb.DuckDBPyConnection:
    return warehouse_of(
        f"""
        select words[{person}] as person_id, cast(strptime(words[{day}], '%Y%m%d') as date) as purchased_on,
            cast(words[{amount}] as decimal(18, 2)) as amount
        from (
            select string_split_regex(trim(line), ' +') as words
            from read_csv('{lifetimes_data(name)}', columns = {{'line': 'varchar'}}, header = false, delim = '\x01')
            where line not like '%customer_id%'
        ) as lines
        where words[{day}] <= '{as_of:%Y%m%d}'
        """,
        as_of=as_of,
        margin=0.3,
    )
