"""History, sizes, migrations, equity and concentration on the real SQL, compiled once: what holds for whatever happened to whomever."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from goodwill.segments.recorded import RECORDED, write_recorded
from goodwill.warehouse.layers import PROJECT, invoke_dbt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.clv import histories

MODELS = ("customer_history", "segment_migrations", "customer_equity", "concentration", "concentration_curve")
FIRST = dt.date(2024, 1, 1)
PEOPLE = ("ann", "bob", "cem")
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("compiled")
    os.environ["GOODWILL_WAREHOUSE"] = str(folder / "warehouse.duckdb")
    result = invoke_dbt(
        [
            *("--quiet", "compile", "--select", *MODELS),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder)),
        ]
    )
    assert result.exception is None, result.exception
    return {run.node.name: str(run.node.compiled_code) for run in result.result if run.node.name in MODELS}


def opened(as_of: dt.date = FIRST) -> duckdb.DuckDBPyConnection:
    """An empty warehouse of a first night."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse; use warehouse; set threads = 1")
    for schema in ("control", "intermediate", "model", "marts"):
        connection.execute(f"create schema {schema}")
    connection.execute("create table control.night as select cast(? as date) as as_of", [as_of])
    write_recorded(connection, [], {})
    changes = ", ".join(f"{name} {kind}" for name, kind in RECORDED["changes"].columns.items())
    connection.execute(f"create table model.segment_changes ({changes})")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


#: A person on a night: not there, or a stage and a class (a prospect has none).
Place = tuple[str, str | None] | None
PLACES: st.SearchStrategy[Place] = st.one_of(
    st.none(), st.tuples(st.sampled_from(["active", "lapsed"]), st.sampled_from([None, "maintain", "most_valuable"]))
)
HISTORIES = st.lists(st.fixed_dictionaries(dict.fromkeys(PEOPLE, PLACES)), min_size=1, max_size=6)


def remembered(nights: list[dict[str, Place]]) -> duckdb.DuckDBPyConnection:
    """The ledger as it is after these nights, one a day; the last one is tonight."""
    last = FIRST + dt.timedelta(days=len(nights) - 1)
    connection = opened(last)
    known: dict[str, Place] = {}
    for number, night in enumerate(nights):
        day = FIRST + dt.timedelta(days=number)
        table = "model.segment_changes" if day == last else "model.recorded_changes"
        if day < last:
            connection.execute("insert into model.recorded_nights values (?, 'run')", [day])
        for person, place in night.items():
            if place != known.get(person):
                stage, value_class = place or (None, None)
                connection.execute(
                    f"insert into {table} (as_of, person_id, is_gone, life_cycle_stage, value_class, clv_12) values (?, ?, ?, ?, ?, 10)",
                    [day, person, place is None, stage, value_class],
                )
        known = night
    return connection


@MANY
@given(nights=HISTORIES)
def test_spans_tell_every_night_with_no_overlap_and_no_gap(nights: list[dict[str, Place]], compiled: dict[str, str]) -> None:
    with remembered(nights) as connection:
        spans = rows(connection, compiled["customer_history"])
    for number, night in enumerate(nights):
        day = FIRST + dt.timedelta(days=number)
        for person, place in night.items():
            on_day = [
                (span["life_cycle_stage"], span["value_class"])
                for span in spans
                if span["person_id"] == person
                and span["valid_from_on"] <= day
                and (span["valid_to_on"] is None or day < span["valid_to_on"])
            ]
            assert on_day == ([] if place is None else [place])
    still_open = Counter(span["person_id"] for span in spans if span["is_current"])
    assert still_open == Counter(person for person, place in nights[-1].items() if place is not None)


@MANY
@given(nights=HISTORIES)
def test_who_came_less_who_went_is_the_change_of_a_class(nights: list[dict[str, Place]], compiled: dict[str, str]) -> None:
    with remembered(nights) as connection:
        moves = rows(connection, f"select * from ({compiled['segment_migrations']}) where division = 'value_class'")
    counts = [Counter(place[1] or "none" for place in night.values() if place) for night in nights]
    for number in range(1, len(nights)):
        day = FIRST + dt.timedelta(days=number)
        for value_class in ("maintain", "most_valuable"):
            came = sum(move["people_count"] for move in moves if move["moved_on"] == day and move["to_segment"] == value_class)
            went = sum(move["people_count"] for move in moves if move["moved_on"] == day and move["from_segment"] == value_class)
            assert counts[number][value_class] - counts[number - 1][value_class] == came - went
    assert not [move for move in moves if move["moved_on"] == FIRST]


MONEY = st.decimals(-1000, 1000, places=2)
WORTH = st.one_of(
    st.none(),
    st.tuples(
        MONEY,
        st.sampled_from([None, "maintain", "below_zero"]),
        st.sampled_from(["loyal", "lapsed", "lost"]),
        st.sampled_from([None, "web", "all"]),
        st.sampled_from([None, "new", "network"]),
    ),
)
EVERYBODY = st.fixed_dictionaries(dict.fromkeys(PEOPLE, WORTH))


@MANY
@given(before=EVERYBODY, now=EVERYBODY, merged=st.booleans())
def test_the_parts_of_a_change_of_equity_add_up_in_every_division(
    before: dict[str, Any], now: dict[str, Any], merged: bool, compiled: dict[str, str]
) -> None:
    """Whatever customers were and are worth, wherever they stood and stand, and whether or not Bob turned out to be Ann."""
    if merged:
        now = {**now, "bob": None}
    with opened(FIRST + dt.timedelta(days=1)) as connection:
        connection.execute("insert into model.recorded_nights values (?, 'run')", [FIRST])
        columns = ", ".join(f"{name} {kind}" for name, kind in RECORDED["values"].columns.items())
        connection.execute(f"create table marts.dim_customers ({columns}, is_guest boolean, clv_24 decimal(18, 2), clv_36 decimal(18, 2))")
        connection.execute("create table marts.person_contacts (contact_id varchar, person_id varchar)")
        people = {person: "ann" if merged and person == "bob" else person for person in PEOPLE}
        connection.executemany("insert into marts.person_contacts values (?, ?)", [list(pair) for pair in people.items()])
        for table, worth, more in (("model.recorded_values", before, ()), ("marts.dim_customers", now, (False, 0, 0))):
            for person, held in worth.items():
                if held:
                    row = [FIRST, person, held[0], held[1], held[2], held[3], held[4], *more]
                    connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
        equity = rows(connection, compiled["customer_equity"])
    sums: dict[str, Counter[str]] = {}
    for row in equity:
        parts = row["new_amount"] + row["kept_amount"] + row["won_back_amount"] + row["lost_amount"] + row["moved_amount"]
        assert parts == row["change_amount"] == row["clv_12_amount"] - row["previous_clv_12_amount"]
        sums.setdefault(row["division"], Counter()).update(
            {name: row[name] for name in row if name.endswith(("_amount", "_count")) and name not in PARTS_THAT_MOVE}
        )
    assert all(each == sums["all"] for each in sums.values())
    assert sum((held[0] for held in now.values() if held), Decimal(0)) == sums.get("all", Counter())["clv_12_amount"]
    assert sum((held[0] for held in before.values() if held), Decimal(0)) == sums.get("all", Counter())["previous_clv_12_amount"]
    assert [row["moved_amount"] for row in equity if row["division"] == "all"] in ([], [Decimal(0)])


#: What moves within a division is new, kept, won back or lost in the whole.
PARTS_THAT_MOVE = {"new_amount", "kept_amount", "won_back_amount", "lost_amount", "moved_amount"}


def test_the_published_concentration_of_cdnow(compiled: dict[str, str]) -> None:
    """Revenue of the whole cohort over 78 weeks: the top 20 % hold 67.8 %, 32.6 % make 80 %, Gini 0.635; who paid nothing counts."""
    source = histories.cdnow_cohort(histories.CDNOW_WHOLE)
    facts = source.execute("select person_id, revenue_amount from intermediate.int_customer_facts").to_arrow_table()
    with opened() as connection:
        connection.register("facts", facts)
        connection.execute(
            "create table marts.dim_customers as select person_id, true as is_customer, false as is_guest, revenue_amount, "
            "cast(null as decimal(18, 2)) as customer_margin_amount, cast(null as decimal(18, 2)) as clv_12 from facts; "
            "create table marts.segments as select person_id, cast(null as decimal(18, 2)) as actual_value_amount from facts"
        )
        (revenue,) = rows(connection, f"select * from ({compiled['concentration']}) where measure = 'revenue'")
        (point,) = rows(connection, f"select * from ({compiled['concentration_curve']}) where measure = 'revenue' and hundredth = 20")
    assert revenue["holders_count"] == 23_570
    assert round(revenue["top_20_rate"], 3) == 0.678
    assert round(revenue["holders_of_80_rate"], 3) == 0.326
    assert round(revenue["gini"], 3) == 0.635
    assert (point["held_rate"], point["customers_count"]) == (revenue["top_20_rate"], 4_714)
