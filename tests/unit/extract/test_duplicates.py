"""Exact copies of a line are errors in one shop and different people in another: the source says which."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.sources import load_sources

LINES = """
    order,day,who,amount
    1,2025-03-01,ann,10.00
    1,2025-03-01,ann,10.00
    1,2025-03-01,ann,5.00
    2,2025-03-02,bob,
    2,2025-03-02,bob,
"""
PLAIN = """
    sources:
      - name: till
        path: input/lines.csv
        duplicates: {rule}
        entities:
          orders:
            columns: {{order_id: {{hash: [order, day, who, amount]}}, ordered_at: day, contact_ref: who, net_amount: amount}}
"""
GROUPED = """
    sources:
      - name: till
        path: input/lines.csv
        duplicates: {rule}
        entities:
          orders:
            group_by: order
            columns: {{order_id: order, ordered_at: day, contact_ref: who, net_amount: {{total: [amount]}}}}
"""


def landed(home, columns):
    sources = load_sources(home.sources_file)
    land_source(home, sources.sources[0], "UTC")
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    (batch,) = active_batches(home, sources.sources[0])
    return duckdb.sql(f"select {columns} from ({view}) order by _row_no").fetchall(), batch.totals["orders"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("keep", [(1, False, []), (2, False, []), (3, False, []), (4, False, ["MISSING_REQUIRED"]), (5, False, ["MISSING_REQUIRED"])]),
        ("drop", [(1, False, []), (2, True, []), (3, False, []), (4, False, ["MISSING_REQUIRED"]), (5, True, ["MISSING_REQUIRED"])]),
        (
            "reject",
            [
                (1, False, []),
                (2, False, ["DUPLICATE_ROW"]),
                (3, False, []),
                (4, False, ["MISSING_REQUIRED"]),
                (5, False, ["MISSING_REQUIRED", "DUPLICATE_ROW"]),
            ],
        ),
    ],
)
def test_each_rule_treats_copies_its_own_way_and_every_row_is_still_there(make_home, rule, expected):
    home = make_home(PLAIN.format(rule=rule), **{"lines.csv": LINES})
    rows, totals = landed(home, "_row_no, _is_repeat, list_transform(_problems, p -> p.reason)")
    assert rows == expected
    assert (totals.rows, totals.amount) == (5, Decimal("25.00"))


@pytest.mark.parametrize(("rule", "amount"), [("keep", "25.00"), ("drop", "15.00"), ("reject", "15.00")])
def test_a_group_counts_a_copy_only_where_copies_are_kept(make_home, rule, amount):
    home = make_home(GROUPED.format(rule=rule), **{"lines.csv": LINES})
    rows, totals = landed(home, "order_id, net_amount, _is_repeat, list_transform(_problems, p -> p.reason)")
    assert rows[0] == ("1", Decimal(amount), False, [])
    copies = {"keep": [], "drop": [("1", Decimal("10.00"), True, [])], "reject": [("1", Decimal("10.00"), False, ["DUPLICATE_ROW"])]}
    assert [row for row in rows[1:] if row[0] == "1"] == copies[rule], "a copy that is set aside is a row that is seen"
    assert totals.amount == Decimal("25.00"), "every cent of the source is in its totals"
