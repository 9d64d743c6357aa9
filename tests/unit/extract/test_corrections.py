"""Rejected rows come back corrected: what is exported, what is landed, what the next night would read."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches
from goodwill.extract.correction_files import readmit
from goodwill.extract.corrections import Signed, corrections, withdraw
from goodwill.sources import load_sources

from tests.unit.extract.correcting import LINES, ORDERS, SIGNED, TILL, back, counted, land, mend, out, rejected


@pytest.fixture
def shop(make_home):
    home = make_home(**{"orders.csv": ORDERS})
    land(home)
    return home


def test_rejected_rows_go_out_as_the_source_wrote_them(shop, tmp_path):
    done, rows = out(shop, tmp_path / "bad.csv")
    assert (done.rejected, done.beside, done.gone) == (3, 0, 0)
    assert [(row["_row_no"], row["_reasons"], row["order_id"], row["ordered_at"], row["amount"]) for row in rows] == [
        ("2", "orders.net_amount: BAD_NUMBER", "b", "2025-03-02", "1,50"),
        ("3", "orders.ordered_at: BAD_TIMESTAMP", "c", "soon", "3"),
        ("4", "orders: MALFORMED_ROW", "", "", ""),
    ]
    assert rows[2]["_line"].endswith("d,2025-03-04,c4")


def test_corrected_rows_take_the_place_of_the_rejected_ones(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    rows = mend(rows, b={"amount": "1.50"})
    rows[2] |= {"order_id": "d", "ordered_at": "2025-03-04", "customer_id": "c4", "amount": "4"}
    done = back(shop, path, rows)
    assert counted(shop, "order_id, net_amount") == [("a", Decimal("10.50")), ("b", Decimal("1.50")), ("d", Decimal("4.00"))]
    assert next((each.row_no, each.column, each.was, each.now) for each in done.changes) == (2, "amount", "1,50", "1.50")
    assert done.unchanged == 1, "row 3 came back as it was"
    original, correction = active_batches(shop, load_sources(shop.sources_file).sources[0])
    assert correction.corrects == ((original.batch_id, 2), (original.batch_id, 4))
    assert (correction.corrected_by, correction.reason) == ("Ada", "typing errors of the till")
    assert correction.totals["orders"].rows == 2
    assert correction.totals["orders"].amount == Decimal("5.50")
    assert [each.row_no for each in rejected(shop)] == [3]


def test_a_file_as_it_was_is_refused(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    with pytest.raises(GoodwillError, match="nothing was changed"):
        back(shop, path, rows)
    assert len(active_batches(shop, load_sources(shop.sources_file).sources[0])) == 1


def test_a_correction_is_corrected_and_the_older_file_still_serves(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    first = back(shop, path, mend(rows, b={"amount": "15"}))
    second = back(shop, path, mend(rows, b={"amount": "1.50"}))
    assert second.replaces == {first.batches[0].batch_id}
    assert ("b", Decimal("1.50")) in counted(shop, "order_id, net_amount")
    assert len(counted(shop, "order_id")) == 2
    # taking the second back leaves the first; taking the first back leaves the original
    withdraw(shop, load_sources(shop.sources_file), second.batches[0].batch_id, SIGNED)
    assert ("b", Decimal("15.00")) in counted(shop, "order_id, net_amount")
    withdraw(shop, load_sources(shop.sources_file), first.batches[0].batch_id, SIGNED)
    assert [each.row_no for each in rejected(shop)] == [2, 3, 4]
    assert [each.state for each in corrections(shop, load_sources(shop.sources_file).sources[0])] == ["withdrawn", "withdrawn"]


def test_a_correction_falls_with_the_one_it_corrected(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    first = back(shop, path, mend(rows, b={"amount": "15"}))
    second = back(shop, path, mend(rows, b={"amount": "1.50"}))
    fallen = withdraw(shop, load_sources(shop.sources_file), first.batches[0].batch_id, SIGNED)
    assert [each.batch_id for each in fallen] == [first.batches[0].batch_id, second.batches[0].batch_id]
    assert [each.row_no for each in rejected(shop)] == [2, 3, 4]


def test_a_group_is_corrected_whole(make_home, tmp_path):
    home = make_home(sources=TILL, **{"till.csv": LINES})
    land(home)
    path = tmp_path / "bad.csv"
    done, rows = out(home, path)
    assert (done.rejected, done.beside) == (1, 2)
    assert [(row["_row_no"], row["_reasons"], row["item"]) for row in rows] == [
        ("1", "", "milk"),
        ("2", "orders.net_amount: BAD_NUMBER", "bread"),
        ("4", "", "jam"),
    ]
    rows[1]["total"] = "2.50"
    back(home, path, [rows[1]])  # the other lines of the basket need not be in the file
    assert counted(home, "order_id, net_amount, _row_no") == [("b1", Decimal("6.00"), 1), ("b2", Decimal("1.50"), 3)]
    assert counted(home, "order_id, line_no, product_id, net_amount", "order_lines", "1, 2") == [
        ("b1", "1", "milk", Decimal("1.50")),
        ("b1", "2", "bread", Decimal("2.50")),
        ("b1", "3", "jam", Decimal("2.00")),
        ("b2", "1", "milk", Decimal("1.50")),
    ]


def test_a_row_moved_to_another_group_brings_both_along(make_home, tmp_path):
    home = make_home(sources=TILL, **{"till.csv": LINES.replace("oops", "2.50").replace("b2,2025-03-01", "b2,never")})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    assert [row["basket"] for row in rows] == ["b2"]
    rows[0] |= {"basket": "b1", "at": "2025-03-01", "card": "k1"}
    back(home, path, rows)
    assert counted(home, "order_id, net_amount") == [("b1", Decimal("7.50"))]
    assert counted(home, "line_no, product_id", "order_lines", "1") == [("1", "milk"), ("2", "bread"), ("3", "milk"), ("4", "jam")]


FORMULAS = ["=1+1", "+cmd", "-1+1", "@SUM(A1)", "'=x", "''@y", "'s Gravenhage", "-1.50", "plain", "\ttab"]


@pytest.mark.parametrize("value", FORMULAS)
def test_a_formula_is_inert_in_the_file_and_itself_when_it_comes_back(make_home, tmp_path, value):
    home = make_home(**{"orders.csv": f'order_id,ordered_at,customer_id,amount\n"{value}",2025-03-01,c1,oops\n'})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    assert rows[0]["order_id"][0] not in "=+@\t" or value[1:2].isdigit()
    assert rows[0]["order_id"][0] != "-" or value == "-1.50"
    rows[0]["amount"] = "1"
    done = back(home, path, rows)
    assert [each.column for each in done.changes] == ["amount"], "the formula itself is unchanged"
    assert [order.strip() for (order,) in counted(home, "order_id")] == [value.strip()]


def test_what_a_spreadsheet_does_to_a_file_is_no_correction(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    rows = mend(rows, b={"amount": "1.50"})
    text = ";".join(rows[0]) + "\r\n" + "".join(";".join(f'"{value}"' for value in row.values()) + "\r\n" for row in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    done = readmit(shop, load_sources(shop.sources_file), "UTC", path, SIGNED)
    assert [(each.row_no, each.column) for each in done.changes] == [(2, "amount")]


def test_a_typed_source_takes_typed_corrections_only(make_home, tmp_path):
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: input/orders.parquet, entities: {orders: {columns: {order_id: id, ordered_at: at, net_amount: amount}}}}
        """
    )
    duckdb.sql(
        "select * from (values (1, timestamp '2025-03-01', 1.505::double), (2, timestamp '2025-03-02', 2.5)) t(id, \"at\", amount)"
    ).write_parquet(str(home.root / "input" / "orders.parquet"))
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    assert [row["amount"] for row in rows] == ["1.505"]
    with pytest.raises(GoodwillError, match="row 1, column 'amount': 'lots' is not a DOUBLE"):
        back(home, path, [{**rows[0], "amount": "lots"}])
    back(home, path, [{**rows[0], "amount": "1.51"}])
    assert counted(home, "order_id, net_amount") == [("1", Decimal("1.51")), ("2", Decimal("2.50"))]


WRONG = {
    "no such row": ({"_row_no": "99"}, "has no row 99"),
    "no number": ({"_row_no": "x"}, "is not a row number"),
    "no such batch": ({"_batch_id": "nope"}, "is not read any more"),
    "no such column": ({"surprise": "1"}, "has no column 'surprise'"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_file_that_cannot_be_used_lands_nothing(shop, tmp_path, case):
    cells, said = WRONG[case]
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    with pytest.raises(GoodwillError) as error:
        back(shop, path, [{**mend(rows, b={"amount": "1.50"})[0], **cells}])
    assert said in str(error.value)
    assert len(active_batches(shop, load_sources(shop.sources_file).sources[0])) == 1


def test_a_correction_needs_a_name_and_a_reason():
    with pytest.raises(GoodwillError, match="a name and a reason"):
        Signed("Ada", " ")


def test_a_correction_speaks_where_its_batch_speaks(make_home, tmp_path):
    """A row that a later file sends again is the later word; a correction of the earlier file does not silence it."""
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: "input/*.csv", entities: {orders: {columns: {order_id: order_id, ordered_at: ordered_at, net_amount: amount}}}}
        """,
        **{"2025-03-01.csv": ORDERS, "2025-03-02.csv": "order_id,ordered_at,customer_id,amount\nb,2025-03-02,c2,7\n"},
    )
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path)
    back(home, path, mend(rows, b={"amount": "1.50"}))
    assert [bool(each.corrects) for each in active_batches(home, load_sources(home.sources_file).sources[0])] == [False, True, False]


def test_a_value_that_cannot_be_read_is_refused_and_nothing_lands(shop, tmp_path):
    path = tmp_path / "bad.csv"
    _, rows = out(shop, path)
    before = sorted(each.name for each in (shop.landing / "shop").iterdir())
    with pytest.raises(GoodwillError, match=r"row 2, orders.net_amount: BAD_NUMBER, value 'x1.50'"):
        back(shop, path, mend(rows, b={"amount": "x1.50"}, c={"ordered_at": "2025-03-03"}))
    assert sorted(each.name for each in (shop.landing / "shop").iterdir()) == before


def test_in_a_group_the_changed_line_is_held_to_account(make_home, tmp_path):
    home = make_home(TILL, **{"till.csv": LINES})
    land(home)
    path = tmp_path / "bad.csv"
    _, rows = out(home, path, "order_lines")
    wrong = [{**row, "total": "none"} if row["item"] == "bread" else row for row in rows]
    with pytest.raises(GoodwillError, match=r"order_lines\.net_amount: BAD_NUMBER, value 'none'"):
        back(home, path, wrong)
