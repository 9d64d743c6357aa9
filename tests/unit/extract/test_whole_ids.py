"""Ids that one file writes in another way than the others (with decimals, without leading zeros, as floats): never another order or customer."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.extract import land_source, landed_view
from goodwill.sources import load_sources

SOURCE = """
    sources:
      - name: shop
        path: input/day_*.csv
        entities:
          orders: {{columns: {{order_id: {order}, ordered_at: day, contact_ref: who, net_amount: amount}}}}
"""
WHOLE = "id,day,who,amount\n" + "".join(f"{number},2025-01-01,{number},7\n" for number in range(10, 40))
DECIMAL = "id,day,who,amount\n" + "".join(f"{number}.0,2025-01-01,{number}.0,7\n" for number in range(10, 40))


def read(home, names=("day_1.csv", "day_2.csv"), texts=(WHOLE, DECIMAL)):
    for name, text in zip(names, texts, strict=True):
        (home.root / "input" / name).write_text(text)
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    query = f"select _file, order_id, contact_ref, list_transform(_problems, p -> p.column_name || ':' || p.reason || ':' || coalesce(p.value, '')) from ({view})"
    return sorted(duckdb.sql(query).fetchall())


@pytest.mark.parametrize("order", [("day_1.csv", "day_2.csv"), ("day_2.csv", "day_1.csv")])
def test_decimals_among_whole_ids_are_set_apart_in_any_order(make_home, order):
    texts = {"day_1.csv": WHOLE, "day_2.csv": DECIMAL}
    rows = read(make_home(SOURCE.format(order="id")), order, [texts[name] for name in order])
    assert ("input/day_1.csv", "10", "10", []) in rows
    assert ("input/day_2.csv", None, None, ["order_id:BAD_ID:10.0", "contact_ref:BAD_ID:10.0"]) in rows
    assert len(rows) == 60


def test_ids_that_always_have_decimals_are_what_they_are(make_home):
    rows = read(make_home(SOURCE.format(order="id")), texts=(DECIMAL, DECIMAL.replace("2025-01-01", "2025-01-02")))
    assert not any(problems for *_, problems in rows)
    assert rows[0][1] == "10.0"


def test_the_declared_format_reads_both_as_one(make_home):
    home = make_home(
        SOURCE.format(order="{column: id, format: float_id}").replace("contact_ref: who", "contact_ref: {column: who, format: float_id}")
    )
    rows = read(home)
    assert not any(problems for *_, problems in rows)
    assert len({row[1] for row in rows}) == 30


def test_what_only_looks_like_a_number_with_decimals_stays(make_home):
    odd = "id,day,who,amount\n10.5,2025-01-02,a.0,7\n"
    rows = read(make_home(SOURCE.format(order="id")), texts=(WHOLE, odd))
    assert ("input/day_2.csv", "10.5", "a.0", []) in rows


def numbered(first, last, pattern):
    return "id,day,who,amount\n" + "".join(f"{pattern.format(n)},2025-01-01,c{n},7\n" for n in range(first, last))


@pytest.mark.parametrize("order", [("day_1.csv", "day_2.csv"), ("day_2.csv", "day_1.csv")])
def test_zeros_lost_by_a_spreadsheet_are_seen_in_any_order(make_home, order):
    texts = {"day_1.csv": numbered(1, 31, "{:06d}"), "day_2.csv": numbered(1, 31, "{}")}
    rows = read(make_home(SOURCE.format(order="id")), order, [texts[name] for name in order])
    assert sum(1 for _, order_id, _, problems in rows if order_id and not problems) == 30
    assert ("input/day_2.csv", None, "c7", ["order_id:BAD_ID:7"]) in rows


def test_numbers_of_many_widths_lose_nothing(make_home):
    rows = read(make_home(SOURCE.format(order="id")), texts=(numbered(1, 31, "0{}"), numbered(1, 31, "{}")))
    assert all(not problems for *_, problems in rows), "01 and 010 have no one width: nobody can say that 7 lacks a zero"


def test_parquet_that_turns_ids_to_floats_blends_nobody(tmp_path, make_home):
    home = make_home(SOURCE.format(order="id").replace("day_*.csv", "day_*.parquet"))
    shape = "(values (900719925474099{n}1::{t}, date '2025-01-01', 12{n}::{t}, 7::decimal(18, 2)), (900719925474099{n}3::{t}, date '2025-01-01', 1.5::{t}, 7))"
    for number, kind in ((1, "bigint"), (2, "double")):
        query = f"select * from {shape.format(n=number, t=kind)} as made (id, day, who, amount)"
        duckdb.sql(query).write_parquet(str(home.root / "input" / f"day_{number}.parquet"))
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, contact_ref, net_amount, len(_problems) from ({view}) order by _file, _row_no").fetchall()
    assert found[0][1] == "121"
    assert [(order, problems) for order, _, _, problems in found[2:]] == [(None, 1), (None, 2)]
    assert found[2][1:3] == ("122", Decimal("7.00"))
