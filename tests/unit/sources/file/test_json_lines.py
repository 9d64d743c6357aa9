"""JSON lines: one object a line."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import land_source, landed_view
from goodwill.sources import load_sources


def test_nested_objects_of_json_lines_are_dotted_columns(make_home):
    home = make_home(
        """
        sources:
          - name: shop
            path: input/orders.jsonl
            entities: {orders: {columns: {order_id: id, ordered_at: day, contact_ref: customer.id, net_amount: totals.net, coupon_code: tags}}}
        """,
        **{
            "orders.jsonl": '{"id": 1, "day": "2025-01-01", "customer": {"id": 7, "name": {"last": "x"}}, "totals": {"net": 1.50}, "tags": ["a"]}\n'
            '{"id": 2, "day": "2025-01-01", "customer": null, "totals": {"net": 2}, "tags": {}}\n'
        },
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, contact_ref, net_amount, coupon_code, len(_problems) from ({view}) order by _row_no").fetchall()
    assert found == [("1", "7", Decimal("1.50"), '["a"]', 0), ("2", None, Decimal("2.00"), None, 0)]


def test_a_line_nested_beyond_reason_is_set_apart_and_the_others_are_read(make_home):
    lines = ['{"id": 1, "day": "2025-01-01", "net": 1}']
    lines += [
        '{"id": 2, "day": "2025-01-01", "net": ' + opening * deep + "1" + closing * deep + "}"
        for deep in (600, 990)
        for opening, closing in (("[", "]"), ('{"a":', "}"))
    ]
    home = make_home(
        "sources: [{name: shop, path: input/o.jsonl, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]",
        **{"o.jsonl": "\n".join(lines) + "\n"},
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC", share=1.0)
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select len(_problems) > 0 from ({view}) order by _row_no").fetchall()
    assert found == [(False,), (True,), (True,), (True,), (True,)]


def test_a_nul_character_is_in_no_value_however_it_is_written(make_home):
    home = make_home(
        "sources: [{name: shop, path: input/o.jsonl, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]",
        **{"o.jsonl": '{"id": "a\\u0000b", "day": "2025-01-01", "net": 1}\n{"id": "c", "day": "2025-01-01", "net": 2}\n'},
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC", share=1.0)
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, _problems[1].reason from ({view}) order by _row_no").fetchall()
    assert found == [(None, "MALFORMED_ROW"), ("c", None)]


ARRAY = [
    {"id": 1, "day": "2025-01-01", "net": "@1.10@", "customer": {"id": "é, ]["}},
    7,
    {"id": 2, "day": "2025-01-01", "net": "@2.50@"},
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["o.json", "o.jsonl", "o.json.gz"])
def test_an_array_of_objects_is_read_however_it_is_laid_out(make_home, indent, name):
    text = json.dumps(ARRAY, indent=indent, ensure_ascii=False).replace('"@', "").replace('@"', "").encode()
    sources = "sources: [{name: shop, path: input/%s, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net, contact_ref: customer.id}}}}]"
    home = make_home(sources % name, **{name: gzip.compress(b"\n" + text) if name.endswith("gz") else b"\n" + text})
    land_source(home, load_sources(home.sources_file).sources[0], "UTC", share=1.0)
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, net_amount, contact_ref, _problems[1].reason, _raw from ({view}) order by _row_no").fetchall()
    assert [row[:4] for row in found] == [
        ("1", Decimal("1.10"), "é, ][", None), (None, None, None, "MALFORMED_ROW"), ("2", Decimal("2.50"), None, None),
    ]  # fmt: skip
    assert found[1][4] == "7"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"id": 1}, {"id": 2}', "it ends, or goes on without a comma"),
        ('[{"id": 1}, {"id": ', "Expecting value"),
        ('[{"id": 1} {"id": 2}]', "without a comma"),
        ('[{"id": 1},]', "a comma before its end"),
        ('[{"id": 1}]\n[{"id": 2}]', "something stands behind its end"),
        ("[" * 5000, "nested too deep"),
    ],
)
def test_an_array_that_is_not_whole_is_refused_whole(make_home, text, why):
    home = make_home(
        "sources: [{name: shop, path: input/o.json, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]",
        **{"o.json": text},
    )
    with pytest.raises(SourceError, match=rf"begins with \[ and is not one whole JSON array \(.*{why}.*\n.*send it again whole"):
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")


@pytest.mark.parametrize(
    "text",
    [
        '{\n "orders": [\n {\n "id": 1\n }\n ]\n}\n',
        '{"orders": [{"id": 1, "day": "2024-05-01", "net": 5}]}',
        '{"data": [{"id": 1}, {"id": 2}], "meta": {"total": 2}, "has_more": false, "next_page": null}\n',
    ],
    ids=["over lines", "on one line", "with what a service says beside it"],
)
def test_one_object_that_holds_them_all_is_met_with_what_helps(make_home, text):
    home = make_home(
        "sources: [{name: shop, path: input/o.json, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]",
        **{"o.json": text},
    )
    with pytest.raises(SourceError, match="one array of objects: not one object that holds them all"):
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")


def test_a_single_object_with_a_list_and_fields_of_its_own_is_a_row(make_home):
    home = make_home(
        "sources: [{name: shop, path: input/o.json, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]",
        **{"o.json": '{"id": 1, "day": "2024-05-01", "net": 5, "items": [{"sku": "A"}]}'},
    )
    assert land_source(home, load_sources(home.sources_file).sources[0], "UTC")["rows"] == 1
