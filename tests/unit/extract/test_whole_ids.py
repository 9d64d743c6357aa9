"""Ids that are whole numbers in one file and come with decimals in another: never another order or customer, whatever comes first."""

from __future__ import annotations

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
