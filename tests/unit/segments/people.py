"""A handful of people for the segment tests: the tables that `assign` reads, made from what a test says of each person."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
from goodwill.home import Home
from goodwill.segments import Ledger, assign, confirm, record
from goodwill.segments.recorded import RECORDED
from goodwill.settings.business import BusinessSettings

AS_OF, RUN = dt.date(2024, 6, 1), "20240601T030000-test"

_TABLES = """
create schema intermediate;
create schema model;
create table intermediate.int_people (
    person_id varchar, is_guest boolean, deleted_on date, first_invited_on date, last_quote_on date, last_cart_on date,
    last_fair_on date, has_active_subscription boolean, last_subscription_ended_on date, complaint_open_since date
);
create table intermediate.int_customer_facts (
    person_id varchar, is_guest boolean, is_left_censored boolean, first_purchase_on date, last_purchase_on date,
    purchase_days bigint, x bigint, age_days bigint,
    revenue_amount decimal(18, 2), trailing_12m_revenue_amount decimal(18, 2), trailing_12m_margin_amount decimal(18, 2),
    trailing_12m_cost_to_serve_amount decimal(18, 2), p90_gap_days double, acquisition_channel varchar, first_category varchar
);
create table intermediate.int_purchase_days (person_id varchar, purchased_on date, is_guest boolean);
create table intermediate.int_referrals__accepted (referred_person_id varchar, edge_on date);
create table model.clv_scores (
    person_id varchar, model_used varchar, p_alive double, margin_rate double, value_basis varchar, clv_12 decimal(18, 2),
    clv_12_high_80 decimal(18, 2), age_days bigint, positioning varchar
);
create table model.clv_silences (person_id varchar, below_age_days bigint, p_alive_before double);
"""


def ago(days: int | None, as_of: dt.date = AS_OF) -> dt.date | None:
    """That many days before the night's day."""
    return None if days is None else as_of - dt.timedelta(days=days)


@dataclass(frozen=True)
class Person:
    """What a test says of a person; days are counted back from the night's day. `bought` lists the purchase days, none for a prospect.

    `revenue` is the lifetime's and the year's; `margin` the year's (None: unknown); `clv` what the next year is expected to bring, `high`
    the upper 80 % bound of that (None: as much; not `bounded`: none is claimed). `p_before` is P(alive) of some days ago, `p_below` how many days ago it fell below the limit.
    """

    person_id: str
    bought: tuple[int, ...] = ()
    p_alive: float = 0.9
    model: str = "mbg_nbd"
    revenue: float = 100.0
    margin: float | None = 20.0
    clv: float = 10.0
    high: float | None = None
    p_before: float | None = None
    p_below: int | None = None
    cost: float = 0.0
    basis: str = "margin"
    positioning: str | None = None
    bounded: bool = True
    guest: bool = False
    left_censored: bool = False
    channel: str | None = None
    category: str | None = None
    referred: int | None = None
    seen: dict[str, int] = field(default_factory=dict)
    subscribed: bool | None = None


def warehouse_of(*people: Person, as_of: dt.date = AS_OF) -> duckdb.DuckDBPyConnection:
    """The tables over these people."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for person in people:
        seen = [ago(person.seen.get(name), as_of) for name in ("deleted", "invited", "quote", "cart", "fair")]
        ended, complaint = (ago(person.seen.get(name), as_of) for name in ("subscription_ended", "complaint"))
        row = [person.person_id, person.guest, *seen, person.subscribed, ended, complaint]
        connection.execute("insert into intermediate.int_people values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if person.referred is not None:
            connection.execute(
                "insert into intermediate.int_referrals__accepted values (?, ?)", [person.person_id, ago(person.referred, as_of)]
            )
        if person.bought:
            _insert_customer(connection, person, as_of)
        elif person.subscribed:
            _insert_score(connection, person, "shifted_beta_geometric", 200)
    return connection


def _insert_customer(connection: duckdb.DuckDBPyConnection, person: Person, as_of: dt.date) -> None:
    days = sorted(person.bought, reverse=True)
    gaps = sorted(before - after for before, after in pairwise(days))
    p90 = float(gaps[math.ceil(len(gaps) * 9 / 10) - 1]) if gaps and not person.guest else None
    facts = [
        person.person_id,
        person.guest,
        person.left_censored,
        ago(days[0], as_of),
        ago(days[-1], as_of),
        len(days),
        len(days) - 1,
        days[0],
        person.revenue,
        person.revenue,
        person.margin,
        person.cost,
        p90,
        person.channel,
        person.category,
    ]
    connection.execute(f"insert into intermediate.int_customer_facts values ({', '.join('?' for _ in facts)})", facts)
    for day in days:
        connection.execute("insert into intermediate.int_purchase_days values (?, ?, ?)", [person.person_id, ago(day, as_of), person.guest])
    _insert_score(connection, person, person.model, days[0])
    silence = [person.person_id, None if person.p_below is None else days[0] - person.p_below, person.p_before]
    connection.execute("insert into model.clv_silences values (?, ?, ?)", silence)


def _insert_score(connection: duckdb.DuckDBPyConnection, person: Person, model: str, age_days: int) -> None:
    high = (person.clv if person.high is None else person.high) if person.bounded else None
    scores = [person.person_id, model, person.p_alive, 0.2, person.basis, person.clv, high, age_days, person.positioning]
    connection.execute("insert into model.clv_scores values (?, ?, ?, ?, ?, ?, ?, ?, ?)", scores)


def rows_of(connection: duckdb.DuckDBPyConnection, table: str = "model.segment_assignments") -> dict[str, dict[str, Any]]:
    """Person → their row of a table."""
    result = connection.execute(f"select * from {table}")
    names = [column[0] for column in result.description or []]
    found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    by_person = {row["person_id"]: row for row in found}
    assert len(by_person) == len(found)
    return by_person


def placed(*people: Person, settings: BusinessSettings | None = None) -> dict[str, dict[str, Any]]:
    """Person → the row of `model.segment_assignments`."""
    connection = warehouse_of(*people)
    assign(connection, settings or BusinessSettings(), RUN, AS_OF)
    rows = rows_of(connection)
    assert len(rows) == len(people)
    return rows


class Nights:
    """Nights one after the other in one home, each over the people a test gives it, with the ledger between them."""

    def __init__(self, folder: Path, settings: BusinessSettings | None = None) -> None:
        self.home = Home(folder)
        self.settings = settings or BusinessSettings()
        self._runs = 0

    def night(self, as_of: dt.date, *people: Person, accepted: bool = True) -> duckdb.DuckDBPyConnection:
        """One night; one that is not accepted leaves nothing behind. Days are counted back from its own day."""
        self._runs += 1
        run_id = f"run{self._runs:04}"
        connection = warehouse_of(*people, as_of=as_of)
        assign(connection, self.settings, run_id, as_of, Ledger.read(self.home, as_of))
        connection.execute("create schema marts")
        for mart, name in (("dim_customers", "values"), ("segment_sizes", "sizes"), ("customer_equity", "equity")):
            columns = ", ".join(f"{column} {kind}" for column, kind in RECORDED[name].columns.items())
            connection.execute(f"create table marts.{mart} ({columns}{', is_guest boolean' if name == 'values' else ''})")
        record(self.home, run_id, as_of, connection)
        if accepted:
            confirm(self.home, run_id)
        return connection
