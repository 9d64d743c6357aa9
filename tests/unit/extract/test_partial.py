"""Rows that cannot be read, and the orders that lack them."""

from __future__ import annotations

import pytest
from goodwill.extract import active_batches, land_source
from goodwill.sources import load_sources

TILL = """
    sources:
      - name: till
        path: input/till.csv
        entities:
          orders:
            group_by: {group}
            columns: {{order_id: {order}, ordered_at: day, contact_ref: card, net_amount: {{total: total}}}}
"""
HEADER = "receipt,day,card,total\n"
CASES = {
    "amid its order": (
        "R100,2025-01-01,ann,1.00\nR100,2025-01-01,ann,x,y,z\nR100,2025-01-01,ann,2.00\n",
        "cannot be read: 1, rows: 1;",
        "row 2",
    ),
    "the last of its order": (
        "R100,2025-01-01,ann,1.00\nR100,2025-01-01,an,n,2.00\nR101,2025-01-01,bob,2.00\n",
        "cannot be read: 1, rows: 1;",
        "'R100'",
    ),
    "the first of its order": (
        "R100,2025-01-01,ann,1.00\nR101,2025-01-01,b,ob,2.00\nR101,2025-01-01,bob,2.00\n",
        "cannot be read: 1, rows: 1;",
        "'R101'",
    ),
    "two of two": (
        "R100,2025-01-01,ann,1.00\nR100,short\nR101,2025-01-01,bob,2.00\nR101,short\n",
        "cannot be read: 2, rows: 2;",
        "row 2",
    ),
    "an order of its own": ("R100,2025-01-01,ann,1.00\nR1001,2025-01-01,b,ob,2.00\nR101,2025-01-01,bob,2.00\n", "", ""),
    "every row whole": ("R100,2025-01-01,ann,1.00\nR100,2025-01-01,ann,x\n", "", ""),
}


def warnings(home):
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC")
    return active_batches(home, source)[-1].warnings


@pytest.mark.parametrize("case", CASES)
def test_an_order_that_lacks_a_row_is_named(make_home, case):
    rows, said, which = CASES[case]
    found = warnings(make_home(TILL.format(group="receipt", order="receipt"), **{"till.csv": HEADER + rows}))
    assert len(found) == bool(said)
    assert all(words in found[0] for words in (said, which) if words)


def test_what_orders_are_told_by_is_not_shown_where_it_may_be_a_name(make_home):
    sources = TILL.format(group="[card, receipt]", order="receipt")
    (found,) = warnings(make_home(sources, **{"till.csv": HEADER + CASES["amid its order"][0]}))
    assert "row 2" in found
    assert found.endswith("of the rows beside it")


def test_lines_of_orders_that_have_a_file_of_their_own(make_home):
    sources = """
    sources:
      - name: lines
        path: input/lines.csv
        entities: {order_lines: {columns: {order_id: receipt, line_no: {occurrence: receipt}, net_amount: total}}}
      - name: orders
        path: input/orders.csv
        entities: {orders: {columns: {order_id: receipt, ordered_at: day, contact_ref: card, net_amount: total}}}
    """
    home = make_home(sources, **{"lines.csv": HEADER + CASES["amid its order"][0], "orders.csv": HEADER + CASES["amid its order"][0]})
    lines, orders = load_sources(home.sources_file).sources
    land_source(home, lines, "UTC")
    land_source(home, orders, "UTC")
    assert "row 2, of the order of the rows beside it ('R100')" in active_batches(home, lines)[-1].warnings[0]
    assert active_batches(home, orders)[-1].warnings == (), "a row an order: none is partial"
