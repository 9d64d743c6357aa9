"""Workbooks as people keep them: titles, merged cells, dates, formulas, hidden rows; nothing is guessed and nothing is silently empty."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from goodwill.errors import SourceError

SOURCES = """
sources:
  - name: shop
    path: input/orders.xlsx
    {more}
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, contact_ref: who, net_amount: amount, status: note}}}}}}
"""
HEADER = ["id", "at", "who", "amount", "note"]
DAY = dt.datetime(2025, 3, 1)


def book(*rows: list, prepare: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    """A workbook with these rows."""
    made, sink = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    prepare(made)
    made.save(sink)
    return sink.getvalue()


def rewritten(content: bytes, change: Callable[[str], str]) -> bytes:
    """A workbook whose first sheet another program wrote otherwise."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(sink, "w") as after:
        for item in before.infolist():
            data = before.read(item)
            after.writestr(item, change(data.decode()) if item.filename == "xl/worksheets/sheet1.xml" else data)
    return sink.getvalue()


@pytest.fixture
def shop(make_home, land, orders):
    """Land a workbook: its orders as rows."""

    def landed(content: bytes, more: str = "") -> list[dict[str, object]]:
        home = make_home(sources=SOURCES.format(more=more), **{"orders.xlsx": content})
        land(home)
        return orders(home)

    return landed


def row(note: object = "paid", amount: object = 1, at: object = DAY, who: object = "ann", order: object = "a") -> list:
    return [order, at, who, amount, note]


def test_a_title_above_the_header_is_passed_over(shop):
    content = book(["Orders of March"], [], HEADER, row())
    with pytest.raises(SourceError, match="row 2 names no column"):
        shop(content, more="header_row: 2")
    with pytest.raises(SourceError, match="there are: Orders of March"):
        shop(content)
    (found,) = shop(content, more="header_row: 3")
    assert (found["order_id"], found["at"], found["amount"]) == ("a", "2025-03-01 00:00:00", "1.00")


def test_a_merged_header_is_refused_and_the_cells_are_named(shop):
    with pytest.raises(SourceError, match=r"header in row 1 has merged cells \(A1:B1\)") as error:
        shop(book(HEADER, row(), prepare=lambda made: made.active.merge_cells("A1:B1")))
    assert "header_row" in error.value.remedy


def test_merged_cells_above_the_header_are_no_matter(shop):
    content = book(["Orders"], HEADER, row(), prepare=lambda made: made.active.merge_cells("A1:E1"))
    assert len(shop(content, more="header_row: 2")) == 1


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (dt.date(2024, 2, 29), "2024-02-29 00:00:00"),
        (dt.datetime(2025, 3, 1, 23, 59, 59), "2025-03-01 23:59:59"),
        (dt.datetime(2025, 3, 1, 0, 0, 1), "2025-03-01 00:00:01"),
        (dt.datetime(2025, 3, 1, 12, 30, 15, 250000), "2025-03-01 12:30:15.25"),
        ("2025-03-01 10:00:00", "2025-03-01 10:00:00"),
    ],
)
def test_dates_are_exact(shop, cell, expected):
    assert shop(book(HEADER, row(at=cell)))[0]["at"] == expected


def test_dates_count_from_1904_where_the_workbook_says_so(shop):
    def since_1904(made):
        made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    assert shop(book(HEADER, row(at=dt.datetime(2025, 3, 1, 6)), prepare=since_1904))[0]["at"] == "2025-03-01 06:00:00"


def test_a_serial_number_is_a_date_only_where_declared(shop):
    rows = [row(at=45717, order=f"a{number}") for number in range(3)]
    with pytest.raises(SourceError, match="'45717'"):
        shop(book(HEADER, *rows))
    assert shop(book(HEADER, *rows), more="timestamp_format: excel_serial")[0]["at"] == "2025-03-01 00:00:00"


@pytest.mark.parametrize(
    ("cell", "shape", "expected"),
    [
        (0.1, "General", "0.1"),
        (0.1 + 0.2, "General", "0.3"),  # as Excel shows it: fifteen digits
        (12345678901234, "General", "12345678901234"),
        (123456789012345.0, "0.00", "123456789012345"),
        (1e3, "0.00E+00", "1000"),
        (0.15, "0%", "0.15"),
        (-1234.5, '#,##0.00 "€"', "-1234.5"),
        (1e-7, "General", "0.0000001"),
        ("007", "@", "007"),
        ("1e3", "@", "1e3"),
        (True, "General", "true"),
        (False, "General", "false"),
    ],
)
def test_values_are_as_they_were_typed(shop, cell, shape, expected):
    def shaped(made):
        made.active["E2"].number_format = shape

    assert shop(book(HEADER, row(cell), prepare=shaped))[0]["note"] == expected


@pytest.mark.parametrize(("cell", "expected"), [(0.1, "0.10"), (10.5, "10.50"), (12345678901234, "12345678901234.00"), (1e3, "1000.00")])
def test_amounts_are_exact(shop, cell, expected):
    assert shop(book(HEADER, row(amount=cell)))[0]["amount"] == expected


@pytest.mark.parametrize(("cell", "reason"), [(True, "BAD_NUMBER"), ("1e3", "BAD_NUMBER"), (0.125, "TOO_MANY_DECIMALS")])
def test_what_is_no_amount_is_quarantined(shop, cell, reason):
    (found, _) = shop(book(HEADER, row(amount=cell), row()))
    assert (found["amount"], found["reason"]) == (None, reason)


def cached(formula: str, cell: str) -> Callable[[str], str]:
    """The formula's cell as Excel saves it, with a result."""
    return lambda sheet: re.sub(rf'<c r="D2"[^>]*><f>{re.escape(formula)}</f><v ?/?>(</v>)?</c>', cell, sheet)


def test_a_formula_with_a_result_is_its_result(shop):
    content = rewritten(book(HEADER, row(amount="=1+1.5")), cached("1+1.5", '<c r="D2"><f>1+1.5</f><v>2.5</v></c>'))
    assert shop(content)[0]["amount"] == "2.50"


def test_a_formula_without_a_result_is_not_an_empty_cell(shop):
    (bad, good) = shop(book(HEADER, row(amount="=1+1"), row(order="b")))
    assert (bad["reason"], good["reason"]) == ("MALFORMED_ROW", None)
    assert bad["value"].startswith("a formula without a result in column 'amount'")


def test_the_formula_itself_is_kept_with_its_row(make_home, land):
    import duckdb

    home = make_home(sources=SOURCES.format(more=""), **{"orders.xlsx": book(HEADER, row(amount="=SUM(1,2)"))})
    land(home)
    (rows,) = home.landing.glob("shop/*/rows.parquet")
    assert duckdb.sql(f"select __line from '{rows}'").fetchall() == [("a\t2025-03-01 00:00:00\tann\t=SUM(1,2)\tpaid",)]


def test_a_formula_whose_result_is_an_empty_text_is_empty(shop):
    content = rewritten(book(HEADER, row(amount='=""')), cached('""', '<c r="D2" t="str"><f>""</f><v></v></c>'))
    (found,) = shop(content)
    assert (found["amount"], found["reason"]) == (None, "MISSING_REQUIRED")


def test_a_formula_in_a_column_that_nothing_reads_costs_no_row(shop):
    (found,) = shop(book([*HEADER, "helper"], [*row(), "=1+1"]))
    assert found["reason"] is None


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!"])
def test_an_error_cell_is_named_and_declared_ones_are_empty(shop, error):
    content = book(HEADER, row(error), row(order="b"))
    (bad, good) = shop(content)
    assert (bad["reason"], bad["value"], good["reason"]) == ("MALFORMED_ROW", f"the error {error} in column 'note'", None)
    (found, _) = shop(content, more=f"null_values: ['', '{error}']")
    assert (found["reason"], found["note"]) == (None, None)


def test_an_error_cell_in_a_column_that_nothing_reads_costs_no_row(shop):
    assert shop(book([*HEADER, "helper"], [*row(), "#N/A"]))[0]["reason"] is None


def test_two_sheets_need_a_name(shop):
    def second(made):
        made.create_sheet("March").append(HEADER)
        made["March"].append(row(order="march"))

    content = book(HEADER, row(), prepare=second)
    with pytest.raises(SourceError, match=r"has 2 sheets \(Sheet, March\)") as error:
        shop(content)
    assert "sheet" in error.value.remedy
    assert [each["order_id"] for each in shop(content, more="sheet: March")] == ["march"]
    with pytest.raises(SourceError, match="no sheet 'May'; there are: Sheet, March"):
        shop(content, more="sheet: May")


def test_hidden_rows_and_columns_are_data(shop):
    def hide(made):
        made.active.row_dimensions[2].hidden = True
        made.active.column_dimensions["D"].hidden = True

    assert [each["amount"] for each in shop(book(HEADER, row(), row(order="b"), prepare=hide))] == ["1.00", "1.00"]


def test_rows_without_a_value_are_no_rows(shop):
    def formatted(made):
        for number in range(3, 60):
            made.active[f"A{number}"].number_format = "0.00"

    assert len(shop(book(HEADER, row(), prepare=formatted))) == 1
    assert [each["order_id"] for each in shop(book(HEADER, row(), [], ["", None], row(order="b")))] == ["a", "b"]


def test_a_row_with_more_cells_than_the_header_is_malformed(shop):
    (bad, good) = shop(book(HEADER, [*row(), "more"], row(order="b")))
    assert (bad["reason"], bad["value"]) == ("MALFORMED_ROW", "6 cells instead of 5")
    assert good["reason"] is None


def test_rows_beyond_the_size_that_a_workbook_says_it_has_are_read(shop):
    content = book(HEADER, *[row(order=f"a{number}") for number in range(5)])
    small = rewritten(content, lambda sheet: re.sub('<dimension ref="[^"]*"', '<dimension ref="A1:B2"', sheet))
    assert small != content
    assert len(shop(small)) == 5


def test_a_damaged_workbook_is_refused(shop, tmp_path: Path):
    with pytest.raises(SourceError, match="not a readable Excel workbook") as error:
        shop(book(HEADER, row())[:-200])
    assert "save it again" in error.value.remedy
