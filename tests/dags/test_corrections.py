"""A rejected row, corrected by hand, through whole nights: it counts, the old one is superseded, the record says who did it; a new column voids nothing."""

from __future__ import annotations

import csv

import pytest
from goodwill.extract.correction_files import export, readmit
from goodwill.extract.corrections import Signed, withdraw
from goodwill.extract.quarantine import read_rejected
from goodwill.sources import load_sources

SOURCES = """
sources:
  - name: till
    path: input/till.csv
    currency: EUR
    quarantine_share: 0.5
    entities:
      orders: {group_by: basket, columns: {order_id: basket, ordered_at: {lowest: at}, contact_ref: card, net_amount: {total: total}}}
      order_lines: {columns: {order_id: basket, line_no: {occurrence: basket}, product_id: item, net_amount: total}}
"""
DRIFT = "select kind, column_name, is_new from audit.schema_drift"
TOLD = "select notice from audit.notices where topic = 'structure changed'"
GOODWILL = "{company: {currency: EUR}, calendar: {as_of: last_event_day}}"


def lines() -> str:
    """Sixty baskets of two lines; of b7 one amount cannot be read, b9 is dated in the far future."""
    text = "basket,at,card,item,total\n"
    for number in range(60):
        day = f"2025-{1 + number // 20:02}-{1 + number % 20:02}"
        at = "2199-01-01" if number == 9 else day
        for item, total in (("milk", "1.50"), ("bread", "oops" if number == 7 else "2.50")):
            text += f"b{number},{at},k{number % 17},{item},{total}\n"
    return text


def state(night):
    """How the rows of b7 stand, the balance of the night, and the corrections on record."""
    with_status = night.rows("select order_id, cast(net_amount as varchar) from marts.fct_orders where order_id in ('b7', 'b9')")
    balance = night.rows(
        "select entity, source_rows, accepted_rows, superseded_rows, quarantined_rows, is_reconciled from audit.reconciliation "
        "where source_rows > 0 order by entity desc"
    )
    return with_status, balance, night.rows("select corrected_by, reason, rows, state from audit.corrections")


@pytest.fixture(scope="module")
def first(run_night, tmp_path_factory):
    """The till's first night."""
    root = tmp_path_factory.mktemp("till")
    (root / "input").mkdir()
    for name, text in (("input/till.csv", lines()), ("sources.yml", SOURCES), ("goodwill.yml", GOODWILL)):
        (root / name).write_text(text)
    return run_night(root)


def test_a_correction_counts_from_the_next_night_until_it_is_taken_back_and_a_new_column_is_said_once(first, run_night, tmp_path):
    home = first.home
    assert first.verdict == "published", first.record
    assert state(first)[:2] == ([], [("orders", 60, 58, 0, 2, True), ("order_lines", 120, 119, 0, 1, True)])
    _, rejected = read_rejected(home)
    assert sorted({each.reason for each in rejected}) == ["BAD_NUMBER", "IMPLAUSIBLE_DATE"]

    (source,) = load_sources(home.sources_file).sources
    done = export(home, source, rejected, tmp_path / "bad.csv")
    assert done.rejected + done.beside == 4
    with (tmp_path / "bad.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / "bad.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "total": row["total"].replace("oops", "2.50")} for row in rows)
    made = readmit(home, load_sources(home.sources_file), "UTC", tmp_path / "bad.csv", Signed("Ada", "typing error"))
    assert made.unchanged == 3

    second = run_night(home)
    assert second.verdict == "published", second.record
    orders, balance, corrections = state(second)
    assert orders == [("b7", "4.00")]
    assert balance == [("orders", 61, 59, 1, 1, True), ("order_lines", 122, 120, 2, 0, True)]
    assert corrections == [("Ada", "typing error", 2, "in force")]
    page = (second.home.published / second.run_id / "report" / "index.html").read_text()
    assert "by Ada: typing error" in page

    text = "".join(f"{line},{'colour' if not number else 'red'}\n" for number, line in enumerate(lines().splitlines()))
    (home.root / "input" / "till.csv").write_text(text)
    third = run_night(home)
    orders, _, corrections = state(third)
    assert orders == [("b7", "4.00")], "its lines were sent again as they were"
    assert corrections == [("Ada", "typing error", 2, "carried over"), ("Ada", "typing error", 2, "in force")]
    assert third.rows(DRIFT) == [("added", "colour", True)]
    assert third.rows(TOLD) == [("till: input/till.csv: column 'colour' is new.",)]

    withdraw(home, load_sources(home.sources_file), made.batches[0].batch_id, Signed("Eve", "it was right"))
    last = run_night(home)
    assert state(last) == (*state(first)[:2], [("Ada", "typing error", 2, "withdrawn")] * 2)
    assert last.rows(DRIFT) == [("added", "colour", False)]
    assert last.rows(TOLD) == []
