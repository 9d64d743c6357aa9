"""Reading is exact or refused: whatever text a file holds, an amount is the amount written, and no row disappears."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import duckdb
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.home import Home
from goodwill.sources import load_sources
from hypothesis import given, settings
from hypothesis import strategies as st

SOURCES = dedent("""
    sources:
      - name: shop
        path: orders.csv
        entities:
          orders:
            where: [{column: amount, at_least: 0}]
            columns: {order_id: order_id, ordered_at: ordered_at, net_amount: amount}
          refunds:
            where: [{column: amount, below: 0}]
            columns: {refund_id: order_id, order_id: order_id, refunded_at: ordered_at, amount: {column: amount, negate: true}}
""")

amounts = st.one_of(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(str),
    st.decimals(min_value=-1000, max_value=1000, places=3).map(str),
    st.sampled_from(["", "NaN", "inf", "1e3", "1_0", "0x1", "1,5", "--1", "+3", ".5", "5.", " 7.25 ", "€1", "٣", "1.500", "1.10000"]),
    st.text(alphabet="0123456789.,-+eE_ ", max_size=12),
)
fields = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r\n", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
)

EXACT = re.compile(r"[+-]?[0-9]{1,16}([.][0-9]{1,2}0*)?")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(fields, amounts), min_size=1, max_size=25))
def test_every_row_is_read_exactly_or_named(records):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "goodwill.yml").write_text("")
        (root / "sources.yml").write_text(SOURCES)
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow(["order_id", "ordered_at", "amount"])
        writer.writerows([key, "2025-01-01", amount] for key, amount in records)
        (root / "orders.csv").write_text(text.getvalue(), encoding="utf-8")
        home = Home(root)
        sources = load_sources(home.sources_file)
        assert land_source(home, sources.sources[0], "UTC")["rows"] == len(records)
        found: dict[int, Decimal] = {}
        named: set[int] = set()
        for entity, column, sign in (("orders", "net_amount", 1), ("refunds", "amount", -1)):
            view = landed_view(home, sources, ENTITIES[entity], "UTC")
            rows = duckdb.sql(f"select _row_no, {column}, [p.column_name for p in _problems] from ({view})").fetchall()
            totals = active_batches(home, sources.sources[0])[0].totals[entity]
            assert totals.rows == len(rows)
            assert (totals.amount or 0) == sum(amount for _, amount, _ in rows if amount is not None)
            for number, amount, problems in rows:
                if column in problems:
                    named.add(number)
                elif amount is not None:
                    found[number] = sign * amount
        for number, (_, written) in enumerate(records, 1):
            clean = written.strip(" ")
            if EXACT.fullmatch(clean):
                assert found[number] == Decimal(clean)
            else:
                assert number in named, f"{written!r} was neither read nor named"
