"""JSON lines: one object a line."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from goodwill.entities import ENTITIES
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
