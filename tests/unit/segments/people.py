"""A handful of people for the segment tests: the tables that `assign` reads, made from what a test says of each person."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import duckdb
from goodwill.segments import assign
from goodwill.settings.business import BusinessSettings

AS_OF, RUN = dt.date(2024, 6, 1), "20240601T030000-test"

_TABLES = """
create schema intermediate;
create schema model;
create table intermediate.int_people (
    person_id varchar, is_guest boolean, deleted_on date, first_invited_on date, last_quote_on date, last_cart_on date,
    last_fair_on date, has_active_subscription boolean, last_subscription_ended_on date
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
    person_id varchar, model_used varchar, p_alive double, margin_rate double, value_basis varchar, clv_12 decimal(18, 2)
);
"""


def ago(days: int | None) -> dt.date | None:
    """That many days before the night's day."""
    return None if days is None else AS_OF - dt.timedelta(days=days)


@dataclass(frozen=True)
class Person:
    """What a test says of a person; days are counted back from the night's day. `bought` lists the purchase days, none for a prospect.

    `revenue` is the lifetime's and the year's; `margin` the year's (None: unknown); `clv` what the next year is expected to bring.
    """

    person_id: str
    bought: tuple[int, ...] = ()
    p_alive: float = 0.9
    model: str = "mbg_nbd"
    revenue: float = 100.0
    margin: float | None = 20.0
    clv: float = 10.0
    cost: float = 0.0
    basis: str = "margin"
    guest: bool = False
    left_censored: bool = False
    channel: str | None = None
    category: str | None = None
    referred: int | None = None
    seen: dict[str, int] = field(default_factory=dict)
    subscribed: bool | None = None


def warehouse_of(*people: Person) -> duckdb.DuckDBPyConnection:
    """The tables over these people."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for person in people:
        seen = [ago(person.seen.get(name)) for name in ("deleted", "invited", "quote", "cart", "fair")]
        ended = ago(person.seen.get("subscription_ended"))
        row = [person.person_id, person.guest, *seen, person.subscribed, ended]
        connection.execute("insert into intermediate.int_people values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if person.referred is not None:
            connection.execute("insert into intermediate.int_referrals__accepted values (?, ?)", [person.person_id, ago(person.referred)])
        if person.bought:
            _insert_customer(connection, person)
    return connection


def _insert_customer(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    days = sorted(person.bought, reverse=True)
    gaps = sorted(before - after for before, after in pairwise(days))
    p90 = float(gaps[math.ceil(len(gaps) * 9 / 10) - 1]) if gaps and not person.guest else None
    facts = [
        person.person_id,
        person.guest,
        person.left_censored,
        ago(days[0]),
        ago(days[-1]),
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
        connection.execute("insert into intermediate.int_purchase_days values (?, ?, ?)", [person.person_id, ago(day), person.guest])
    scores = [person.person_id, person.model, person.p_alive, 0.2, person.basis, person.clv]
    connection.execute("insert into model.clv_scores values (?, ?, ?, ?, ?, ?)", scores)


def placed(*people: Person, settings: BusinessSettings | None = None) -> dict[str, dict[str, Any]]:
    """Person → the row of `model.segment_assignments`."""
    connection = warehouse_of(*people)
    assign(connection, settings or BusinessSettings(), RUN, AS_OF)
    result = connection.execute("select * from model.segment_assignments")
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    assert len(rows) == len(people)
    return {row["person_id"]: row for row in rows}
