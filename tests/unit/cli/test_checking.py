"""`goodwill check` says beforehand what the night would say."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import StringIO

import pytest
from goodwill.cli import checking
from goodwill.cli.app import app
from goodwill.cli.checking import check_home
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source
from goodwill.sources import load_sources
from rich.console import Console
from typer.testing import CliRunner

SOURCES = """
    sources:
      - name: shop
        path: input/o_*.csv
        drift: {policy}
        quarantine_share: 0.5
        entities: {{orders: {{columns: {{order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}}}}}
"""
ONE = "id,day,who,amount\n1,2025-01-01,ann,1.00\n2,2025-01-01,ann,x\n"
TWO = "id,day,who,amount,more\n3,2025-01-02,bob,y,1\n4,2025-01-02,bob,2.00,1\n5,2025-01-02,bob,3.00,\n"


def test_files_are_summed_up_by_source_with_the_first_of_each_problem(make_home):
    (finding,) = check_home(make_home(SOURCES.format(policy="warn"), **{"o_1.csv": ONE, "o_2.csv": TWO}))
    assert (finding.parts, finding.rows, finding.counts) == (2, 5, {"orders": (5, 2)})
    assert finding.problems == {
        ("orders", "net_amount", "BAD_NUMBER"): (2, "input/o_1.csv, row 2, column net_amount: BAD_NUMBER, value 'x'")
    }


def test_a_change_that_the_policy_blocks_is_an_error(make_home):
    _, error = check_home(make_home(SOURCES.format(policy="block"), **{"o_1.csv": ONE, "o_2.csv": TWO}))
    assert error.file == "input/o_2.csv"
    assert "the structure changed: column 'more' is new" in error.error


def test_a_file_that_cannot_be_read_stops_no_other(make_home):
    found = check_home(
        make_home(
            SOURCES.format(policy="warn"), **{"o_1.csv": ONE, "o_2.csv": "id,day\n1,2025-01-01\n", "o_3.csv": ONE.replace("1,", "9,", 1)}
        )
    )
    assert [(each.parts, bool(each.error)) for each in found] == [(2, False), (0, True)]
    assert "no column 'amount'" in found[1].error


@pytest.mark.parametrize(("rows", "error"), [("1,2025-01-01,ann,9\n", None), ("", "no rows in any source: the night would be blocked")])
def test_who_sells_by_contract_alone_needs_no_orders(make_home, rows, error):
    mapping = "subscriptions: {columns: {subscription_id: id, started_at: day, contact_ref: who, amount: amount}}"
    source = f"sources: [{{name: club, path: input/m.csv, currency: EUR, entities: {{{mapping}}}}}]"
    found = check_home(make_home(source, **{"m.csv": f"id,day,who,amount\n{rows}"}))
    assert [each.error for each in found if each.file == "subscriptions"] == ([error] if error else [])


@pytest.mark.parametrize(("look", "said"), [(3, "the first 3 rows"), (5, "orders  4 rows")])
def test_a_table_that_was_not_read_to_its_end_says_so(make_home, tmp_path, monkeypatch, look, said):
    with closing(sqlite3.connect(tmp_path / "erp.db")) as database:
        database.execute(
            "create table orders as select value as id, '2025-01-01' as day, 'ann' as who, 1.5 as amount from json_each('[1, 2, 3, 4]')"
        )
        database.commit()
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", f"sqlite:///{tmp_path}/erp.db")
    monkeypatch.setattr(checking, "LOOK", look)
    columns = "{order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}"
    home = make_home(
        f"sources: [{{name: public, connector: sql, connection: erp, table: orders, entities: {{orders: {{columns: {columns}}}}}}}]"
    )
    out = StringIO()
    (finding,) = check_home(home)
    checking.show(Console(file=out, width=200), finding)
    assert said in out.getvalue()


TWO_CODES = """
    sources:
      - name: shop
        path: input/o_*.csv
        encoding: latin-1
        entities: {orders: {columns: {order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}}
"""


def test_a_file_in_utf_8_among_those_in_another_encoding_is_noticed(make_home):
    text = ONE.replace("ann", "zoé").replace("x", "2")
    plain = ONE.replace("x", "2").encode()
    home = make_home(TWO_CODES, **{"o_1.csv": text.encode("latin-1"), "o_2.csv": text.encode(), "o_3.csv": plain})
    out = StringIO()
    (finding,) = check_home(home)
    checking.show(Console(file=out, width=200), finding)
    assert [each.split(":")[:2] for each in finding.noticed] == [["input/o_2.csv", " LOOKS_UTF8"]]
    assert "noticed: input/o_2.csv: LOOKS_UTF8" in out.getvalue()


def test_rows_that_were_corrected_by_hand_are_rejected_no_more(make_home):
    home = make_home(SOURCES.format(policy="warn"), **{"o_1.csv": ONE})
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC")
    (batch,) = active_batches(home, source)
    mended = replace(batch, batch_id="mended", corrects=((batch.batch_id, 2),))
    (home.landing / "shop" / "mended").mkdir()
    (home.landing / "shop" / "mended" / "manifest.json").write_text(mended.to_json())
    assert check_home(home)[0].problems == {}
    (home.root / "input" / "o_1.csv").write_text(ONE + "3,2025-01-01,ann,y\n")
    assert next(iter(check_home(home)[0].problems.values()))[0] == 2, "sent again: the source has the word"


ACCENTS = """
    sources:
      - name: shop
        path: input/o_*.csv
        encoding: latin-1
        decimal: ","
        delimiter: ";"
        timestamp_format: "%d/%m/%Y"
        entities: {orders: {columns: {order_id: Numéro, ordered_at: Le, contact_ref: Qui, net_amount: Montant}}}
"""


@pytest.mark.parametrize(
    ("text", "encoding", "said", "remedy"),
    [
        ("Numéro;Le;Qui;Montant\n1;02/03/2025;zoé;1,50\n", "utf-8", "its column 'Numéro' is read as 'NumÃ©ro'", "written alike"),
        ("Numéro;Le;Qui;Montant\n1;2025-03-02;zoé;1,50\n", "latin-1", "input/o_1.csv: no value of orders.ordered_at", "ISO 8601"),
        ("Numéro;Le;Qui;Montant\n1;02/03/2025;zoé;1.50\n", "latin-1", "no value of orders.net_amount", "decimal point"),
    ],
)
def test_a_file_that_is_written_in_another_way_than_its_fellows_is_refused_with_what_to_do(make_home, text, encoding, said, remedy):
    home = make_home(ACCENTS, **{"o_1.csv": text.encode(encoding)})
    (source,) = load_sources(home.sources_file).sources
    with pytest.raises(SourceError) as refused:
        land_source(home, source, "UTC")
    assert said in str(refused.value)
    assert remedy in (refused.value.remedy or "")
    assert [said in each.error for each in check_home(home)] == [True]


EVENTS = """
    sources:
      - name: shop
        path: input/o.csv
        entities: {orders: {columns: {order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}}
      - name: mails
        path: input/mails.csv
        entities: {contact_events: {columns: {event_id: id, contact_ref: who, occurred_at: day, kind: what}}}
"""


def test_a_kind_of_event_that_the_night_would_reject_is_rejected(make_home):
    """What staging alone decides on, and a source's own words make of every row."""
    mails = "id,who,day,what\n1,ann,2025-01-01,Clicked \n2,ann,2025-01-01,email_open\n3,ann,2025-01-01,email_sent\n4,ann,2025-01-01,\n"
    _, finding, error = check_home(make_home(EVENTS, **{"o.csv": ONE.replace("x", "2"), "mails.csv": mails}))
    assert finding.counts == {"contact_events": (4, 3)}
    assert finding.problems["contact_events", "kind", "UNKNOWN_KIND"] == (
        2,
        "input/mails.csv, row 2, column kind: UNKNOWN_KIND, value 'email_open'",
    )
    assert "would be blocked" in error.error


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(make_home):
    """In the name of a file, of a column, in a value, and in what an error says."""
    name = "o_\x1b[31m\u202e.csv"
    home = make_home(SOURCES.format(policy="warn"), **{name: ONE.replace("x", "\x1b]0;title\x07"), "o_2.csv": "id\n1\n"})
    done = CliRunner().invoke(app, ["check", "--home", str(home.root)])
    assert not re.search("[\x07\x1b\u202e]", done.output)
    assert r"input/o_\x1b[31m\u202e.csv, row 2" in done.output
    assert r"\x1b]0;title\x07" in done.output


def test_a_change_that_the_policy_warns_of_is_noticed_and_what_it_empties(make_home):
    orders = "columns: {order_id: order_id, ordered_at: ordered_at, net_amount: amount, channel: {column: shop, optional: true}}"
    text = f"sources: [{{name: shop, path: input/o_*.csv, load: files, drift: POLICY, entities: {{orders: {{{orders}}}}}}}]"
    home = make_home(text.replace("POLICY", "warn"), **{"o_1.csv": "order_id,ordered_at,amount,shop\na,2025-01-01,1,x\n"})
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    (home.root / "input" / "o_2.csv").write_text("order_id,ordered_at,amount,note\nb,2025-01-01,1,x\n")
    (finding,) = check_home(home)
    assert finding.noticed == [
        "input/o_2.csv: column 'shop' is gone: orders.channel is empty, or made of what is left",
        "input/o_2.csv: column 'note' is new",
    ]
    (home.root / "input" / "o_1.csv").write_text("order_id,ordered_at,amount,SHOP\na,2025-01-01,1,x\n")
    (home.root / "input" / "o_2.csv").unlink()
    assert check_home(home)[0].noticed == ["input/o_1.csv: HEALED_HEADER: 'SHOP' is read as 'shop'"]
    home.sources_file.write_text(text.replace("POLICY", "adopt"))
    (home.root / "input" / "o_1.csv").write_text("order_id,ordered_at,amount,shop,note\na,2025-01-01,1,x,y\n")
    assert check_home(home)[0].noticed == []


def test_a_number_that_the_night_finds_too_large_is_rejected(make_home):
    orders = "columns: {order_id: order_id, ordered_at: ordered_at, net_amount: amount}"
    lines = "columns: {order_id: order_id, line_no: {value: 1}, quantity: n, unit_price: amount}"
    home = make_home(
        f"sources: [{{name: shop, path: input/o.csv, quarantine_share: 1, entities: {{orders: {{{orders}}}, order_lines: {{{lines}}}}}}}]",
        **{"o.csv": "order_id,ordered_at,amount,n\na,2025-01-01,999999999999.99,999999999\nb,2025-01-01,-1000000000000,1000000000\n"},
    )
    (finding,) = check_home(home)
    assert finding.counts == {"orders": (2, 1), "order_lines": (2, 1)}
    assert set(finding.problems) == {
        ("orders", "net_amount", "OUT_OF_RANGE"),
        ("order_lines", "unit_price", "OUT_OF_RANGE"),
        ("order_lines", "quantity", "OUT_OF_RANGE"),
    }


@pytest.mark.parametrize(("value", "hinted"), [("12,50", True), ("1.234,5", True), ("ten", False), ("1,2,3", False)])
def test_a_comma_among_points_is_asked_about(make_home, value, hinted):
    home = make_home(**{"orders.csv": f'order_id,ordered_at,customer_id,amount\na,2025-01-01,c,1.5\nb,2025-01-01,c,"{value}"\n'})
    ((_, first),) = [found for finding in check_home(home) for found in finding.problems.values()]
    assert f"BAD_NUMBER, value {value!r}" in first
    assert ('decimal: ","' in first) is hinted
