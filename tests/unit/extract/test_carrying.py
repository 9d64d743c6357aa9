"""Corrections of rows that come again: void where the source has its say, carried over where it sends them as they were."""

from __future__ import annotations

import csv
import sqlite3
from decimal import Decimal
from textwrap import dedent

import duckdb
import pytest
from goodwill.audit import RunRecord
from goodwill.audit.tables import _corrected
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches
from goodwill.extract.corrections import corrections, withdraw
from goodwill.sources import load_sources

from tests.unit.extract.correcting import LINES, ORDERS, SIGNED, TILL, back, counted, land, mend, out, rejected

SOURCES = """
    sources:
      - name: shop
        path: input/orders.csv
        entities:
          orders:
            columns:
              order_id: order_id
              ordered_at: ordered_at
              contact_ref: customer_id
              net_amount: amount
              channel: {column: channel, optional: true}
"""


@pytest.fixture
def shop(make_home):
    home = make_home(**{"orders.csv": ORDERS})
    land(home)
    return home


def states(home):
    return [each.state for each in corrections(home, load_sources(home.sources_file).sources[0])]


def test_a_file_sent_again_has_the_word_on_the_rows_that_it_changes(shop, tmp_path):
    path, file = tmp_path / "bad.csv", shop.root / "input" / "orders.csv"
    _, rows = out(shop, path)
    back(shop, path, mend(rows, b={"amount": "1.50"}, c={"ordered_at": "2025-03-03"}))
    # a row more before the corrected ones, and nothing else
    header, *lines = file.read_text().strip().splitlines()
    file.write_text("\n".join([header, "z,2025-03-05,c5,5", *lines]) + "\n")
    land(shop)
    assert states(shop) == ["carried over", "in force"]
    assert counted(shop, "order_id, net_amount")[1:] == [("b", Decimal("1.50")), ("c", Decimal(3)), ("z", Decimal(5))]
    assert [each.row_no for each in rejected(shop)] == [5]
    land(shop)
    assert states(shop) == ["carried over", "in force"], "nothing is made anew twice"
    # the source mends one of the two itself
    file.write_text(file.read_text().replace('"1,50"', "1.70"))
    land(shop)
    source = load_sources(shop.sources_file).sources[0]
    first, before, held = corrections(shop, source)
    assert (first.state, first.fallen, before.state, before.fallen, held.state) == ("carried over", 0, "carried over", 1, "in force")
    assert "no longer holds for 1 of its 2 rows" in before.fell
    assert before.fell.endswith("the source has changed the others, or left them out")
    assert counted(shop, "order_id, net_amount")[1:3] == [("b", Decimal("1.70")), ("c", Decimal(3))]
    # and then the other
    file.write_text(file.read_text().replace("soon", "2025-03-09"))
    land(shop)
    assert states(shop)[-1] == "void"
    assert "orders.csv again" in corrections(shop, source)[-1].said
    assert [each.row_no for each in rejected(shop)] == [5]
    with pytest.raises(GoodwillError, match="is not read any more"):
        back(shop, path, mend(rows, b={"amount": "1.60"}))


def test_a_new_column_voids_nothing_and_is_filled_in_the_corrected_row_too(make_home, tmp_path):
    home = make_home(SOURCES, **{"orders.csv": ORDERS})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, mend(rows, b={"amount": "1.50"}))
    file = home.root / "input" / "orders.csv"
    header, *lines = file.read_text().strip().splitlines()
    file.write_text("\n".join([f"{header},channel,note", *(f"{line},shop,n{number}" for number, line in enumerate(lines))]) + "\n")
    land(home)
    assert states(home) == ["carried over", "in force"]
    assert counted(home, "order_id, net_amount, channel")[:2] == [("a", Decimal("10.50"), "shop"), ("b", Decimal("1.50"), "shop")]
    file.write_text(file.read_text().replace("shop,n1", "web,n1"))
    land(home)
    assert states(home) == ["carried over", "void"], "a value that it had was changed by its source"


def test_a_correction_made_and_void_between_two_publications_is_told_of_once(shop, tmp_path):
    sources = load_sources(shop.sources_file)

    def told(run_id):
        with duckdb.connect() as connection:
            connection.execute("create schema audit")
            notices = _corrected(shop, sources, run_id, connection)
        batches = [each.batch_id for each in active_batches(shop, sources.sources[0])]
        RunRecord.of(shop, run_id).update(run_id=run_id, started_at=now(), verdict="published", batches=batches)
        return [text for _, text in notices]

    assert told("r1") == []
    path, file = tmp_path / "bad.csv", shop.root / "input" / "orders.csv"
    _, rows = out(shop, path)
    back(shop, path, mend(rows, b={"amount": "1.50"}))
    file.write_text(file.read_text().replace('"1,50"', "1.70"))
    land(shop)
    (text,) = told("r2")
    assert "by Ada is void: the source sent input/orders.csv again" in text
    assert told("r3") == []


def test_of_copies_of_a_corrected_row_the_same_one_stays_corrected(make_home, tmp_path):
    home = make_home(**{"orders.csv": "order_id,ordered_at,customer_id,amount\na,2025-03-01,c1,x\na,2025-03-01,c1,x\n"})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, [{**rows[0], "amount": "7"}])
    file = home.root / "input" / "orders.csv"
    file.write_text(file.read_text() + "b,2025-03-02,c2,1\n")
    land(home)
    assert states(home) == ["carried over", "in force"]
    assert [each.row_no for each in rejected(home)] == [2]


@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_corrected_bytes_sent_once_more_are_corrected_again_unless_that_was_taken_back(shop, tmp_path, withdrawn):
    source = load_sources(shop.sources_file).sources[0]
    path, file = tmp_path / "bad.csv", shop.root / "input" / "orders.csv"
    _, rows = out(shop, path)
    back(shop, path, mend(rows, b={"amount": "1.50"}))
    first = file.read_text()
    file.write_text(first.replace('"1,50"', "1.70"))
    land(shop)
    (void,) = corrections(shop, source)
    assert void.state == "void"
    if withdrawn:
        withdraw(shop, load_sources(shop.sources_file), void.manifest.batch_id, SIGNED)
    file.write_text(first)
    land(shop)
    assert [each.state for each in corrections(shop, source)] == (["withdrawn"] if withdrawn else ["in force"])
    assert ("b", Decimal("1.50")) in counted(shop, "order_id, net_amount") or withdrawn
    assert [each.row_no for each in rejected(shop)] == ([2, 3, 4] if withdrawn else [3, 4])


def test_another_setting_readmits_by_itself_and_keeps_the_corrections(make_home, tmp_path):
    home = make_home(**{"orders.csv": ORDERS.replace("10.50", "10")})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, mend(rows, c={"ordered_at": "2025-03-03"}))
    settings = home.sources_file.read_text()
    home.sources_file.write_text(settings.replace("currency: EUR", 'currency: EUR\n    decimal: ","'))
    land(home)
    assert counted(home, "order_id, net_amount") == [("a", Decimal(10)), ("b", Decimal("1.50")), ("c", Decimal(3))]
    original, correction = active_batches(home, load_sources(home.sources_file).sources[0])
    assert correction.corrects == ((original.batch_id, 3),)
    assert correction.corrected_by == "Ada"
    states = [each.state for each in corrections(home, load_sources(home.sources_file).sources[0])]
    assert states == ["carried over", "in force"]
    # the setting taken back: one correction in force, not two
    home.sources_file.write_text(settings)
    land(home)
    assert sorted(each.state for each in corrections(home, load_sources(home.sources_file).sources[0])) == ["in force", "void"]
    assert [each.row_no for each in rejected(home)] == [2, 4]
    # withdrawn is withdrawn, under any setting
    held = next(each for each in corrections(home, load_sources(home.sources_file).sources[0]) if each.state == "in force")
    withdraw(home, load_sources(home.sources_file), held.manifest.batch_id, SIGNED)
    home.sources_file.write_text(settings.replace("currency: EUR", 'currency: EUR\n    decimal: ","'))
    land(home)
    assert [each.row_no for each in rejected(home)] == [3, 4]


TABLE = """
    sources:
      - name: erp
        connector: sql
        connection: erp
        table: orders
        entities:
          orders: {columns: {order_id: id, ordered_at: at, contact_ref: who, net_amount: net}}
"""


def test_a_correction_holds_in_a_later_pull_that_brings_the_row_as_it_was(make_home, tmp_path, monkeypatch):
    database = tmp_path / "erp.db"
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", f"sqlite:///{database}")

    def erp(*statements):
        with sqlite3.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    erp(
        "create table orders (id text, at text, who text, net text)",
        "insert into orders values ('a', '2025-03-01', 'c1', '1'), ('b', '2025-03-02', 'c2', 'two')",
    )
    home = make_home(sources=TABLE)
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    rows[0]["net"] = "2"
    back(home, path, rows)
    # again, with a row before it that was not there
    erp(
        "create table more as select 'z' as id, '2025-03-01' as at, 'c9' as who, '9' as net union all select * from orders",
        "drop table orders",
        "alter table more rename to orders",
    )
    land(home)
    assert states(home) == ["carried over", "in force"]
    assert counted(home, "order_id, net_amount") == [("a", Decimal(1)), ("b", Decimal(2)), ("z", Decimal(9))]
    pull, correction = active_batches(home, load_sources(home.sources_file).sources[0])
    assert correction.corrects == ((pull.batch_id, 3),)
    land(home)
    assert states(home) == ["carried over", "in force"], "nothing is made anew twice"
    erp("insert into orders values ('y', '2025-03-09', 'c9', '9')")
    land(home)
    assert ("b", Decimal(2)) in counted(home, "order_id, net_amount")
    # the source has its say about the row: the correction is void
    erp("update orders set net = '3' where id = 'b'")
    land(home)
    assert states(home)[-1] == "void"
    assert ("b", Decimal(3)) in counted(home, "order_id, net_amount")


def till_with(home, text):
    (home.root / "input" / "till.csv").write_text(text)
    land(home)
    return states(home)[-1], counted(home, "order_id, net_amount")


def rewritten(home, change):
    """The file of orders with other columns: `change` makes each of its records, the header first, anew."""
    file = home.root / "input" / "orders.csv"
    records = [change(line) for line in csv.reader(file.read_text().strip().splitlines())]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(records)
    land(home)


def test_a_header_in_other_letters_or_another_order_voids_nothing(make_home, tmp_path):
    home = make_home(SOURCES, **{"orders.csv": ORDERS})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, mend(rows, b={"amount": "1.50"}, c={"ordered_at": "2025-03-03"}))
    held = [("a", Decimal("10.50")), ("b", Decimal("1.50")), ("c", Decimal(3))]
    rewritten(
        home,
        lambda record: [cell.upper() if cell == record[0] == "order_id" or "_" in cell or cell == "amount" else cell for cell in record],
    )
    assert (states(home)[-1], counted(home, "order_id, net_amount")) == ("in force", held)
    rewritten(home, lambda record: record[::-1] if len(record) == 4 else record)
    assert (states(home)[-1], counted(home, "order_id, net_amount")) == ("in force", held)


def test_a_column_that_is_gone_voids_what_was_corrected_in_it_alone(make_home, tmp_path):
    home = make_home(
        SOURCES,
        **{"orders.csv": ORDERS.replace("amount\n", "amount,channel\n").replace(',"1,50"', ',"1,50",shop').replace("c3,3", "c3,3,web")},
    )
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, mend(rows, b={"amount": "1.50"}, c={"ordered_at": "2025-03-03", "channel": "shop"}))
    assert [each[0] for each in counted(home, "order_id")] == ["b", "c"]
    rewritten(home, lambda record: record[:4])
    assert counted(home, "order_id, net_amount, channel") == [("a", Decimal("10.50"), None), ("b", Decimal("1.50"), None)]
    *_, before, held = corrections(home, load_sources(home.sources_file).sources[0])
    assert (before.state, before.fallen, held.state) == ("carried over", 1, "in force")
    # and when it comes back, it says what the source says
    rewritten(home, lambda record: [*record, "channel" if record[0] == "order_id" else "fair"])
    assert counted(home, "order_id, net_amount, channel")[:2] == [("a", Decimal("10.50"), "fair"), ("b", Decimal("1.50"), "fair")]


def test_lines_of_an_order_stay_corrected_under_a_header_in_capitals(make_home, tmp_path):
    home = make_home(TILL, **{"till.csv": LINES})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path, "order_lines")
    back(home, path, [{**row, "total": row["total"].replace("oops", "2.50")} for row in rows])
    text = dedent(LINES).strip()
    header, _, lines = text.partition("\n")
    assert till_with(home, f"{header.upper()}\n{lines}\n") == ("in force", [("b1", Decimal("6.00")), ("b2", Decimal("1.50"))])
    without = "\n".join(",".join(line.split(",")[:3] + line.split(",")[4:]) for line in text.splitlines())
    assert till_with(home, without.replace("item,", "") + "\n")[1] == [("b1", Decimal("6.00")), ("b2", Decimal("1.50"))]


def test_what_is_read_together_stays_corrected_where_all_of_it_is_sent_again_as_it_was(make_home, tmp_path):
    """Two baskets are corrected at once; files sent again change one, then add a line to it, then leave one out."""
    header, *lines = dedent(LINES).strip().splitlines()
    first, oops, other, jam = lines
    lines = [first, oops, other.replace("1.50", "what"), jam]
    home = make_home(TILL, **{"till.csv": "\n".join([header, *lines]) + "\n"})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path, "order_lines")
    back(home, path, [{**row, "total": row["total"].replace("oops", "2.50").replace("what", "9")} for row in rows])
    both = [("b1", Decimal("6.00")), ("b2", Decimal(9))]
    assert counted(home, "order_id, net_amount") == both

    def sent(*rows):
        return till_with(home, "\n".join([header, *rows]) + "\n")

    new = "b3,2025-03-02,k3,milk,1.50"
    assert sent(new, *lines) == ("in force", [*both, ("b3", Decimal("1.50"))])
    # the lines of one in another order, among others: as they were
    assert sent(jam, new, lines[2], oops, first) == ("in force", [*both, ("b3", Decimal("1.50"))])
    # a line came to b1: of it the source has the word, b2 stays corrected
    state, found = sent(*lines, "b1,2025-03-01,k1,salt,1.00")
    assert (state, found) == ("in force", [("b2", Decimal(9))])
    (held,) = [each.manifest for each in corrections(home, load_sources(home.sources_file).sources[0]) if each.state == "in force"]
    assert len(held.corrects) == 1
    # a line of b2 is another one
    assert sent(*lines[:2], other.replace("1.50", "7"), jam) == ("void", [("b2", Decimal(7))])


def test_a_line_moved_into_another_group_by_hand_stays_only_while_that_group_is_as_it_was(make_home, tmp_path):
    header, *lines = dedent(LINES).strip().splitlines()
    home = make_home(TILL, **{"till.csv": "\n".join([header, *lines]) + "\n"})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path, "order_lines")
    back(home, path, [{**row, **({"total": "2.50", "basket": "b2", "card": "k2"} if row["total"] == "oops" else {})} for row in rows])
    both = [("b1", Decimal("3.50")), ("b2", Decimal("4.00"))]
    assert counted(home, "order_id, net_amount") == both
    assert till_with(home, "\n".join([header, *reversed(lines)]) + "\n") == ("in force", both)
    # b2, into which it was moved, has a line more
    state, found = till_with(home, "\n".join([header, *lines, "b2,2025-03-01,k2,salt,1.00"]) + "\n")
    assert (state, found) == ("void", [("b2", Decimal("2.50"))])


def test_a_mapping_that_reads_rows_together_by_another_column_is_asked_with_care(make_home, tmp_path):
    """The same bytes under a mapping with other groups, and a new file in which the column of the new groups came first: no error, nothing blended."""
    home = make_home(TILL, **{"till.csv": LINES})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path, "order_lines")
    back(home, path, [{**row, "total": row["total"].replace("oops", "2.50")} for row in rows])
    settings = home.sources_file.read_text()
    home.sources_file.write_text(settings.replace("group_by: basket", "group_by: [basket, card]"))
    land(home)
    assert states(home)[-1] == "in force"
    assert counted(home, "order_id, net_amount") == [("b1", Decimal("6.00")), ("b2", Decimal("1.50"))]
    header, *lines = dedent(LINES).strip().splitlines()
    home.sources_file.write_text(settings.replace("group_by: basket", "group_by: [basket, shop]"))
    (home.root / "input" / "till.csv").write_text("\n".join([f"{header},shop", *(f"{line},s" for line in lines)]) + "\n")
    land(home)
    assert states(home)[-1] == "void"
