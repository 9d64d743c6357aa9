"""The bad inputs that are decided when a file is read: each lands, is quarantined row by row, or is refused with words that help."""

from __future__ import annotations

import gzip
import os
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import GoodwillError, SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.sources import load_sources

SOURCES = """
sources:
  - name: shop
    path: input/{name}
    currency: EUR
    time_zone: {zone}
    {more}
    entities:
      orders:
        columns: {{order_id: order_id, ordered_at: order_ts, contact_ref: customer_id, net_amount: amount, currency: currency, status: status}}
"""
HEADER = "order_id,customer_id,order_ts,amount,currency,status\n"
FIRST = "1,1,2025-03-01 10:00:00,10.50,EUR,paid\n"
LAST = "3,1,2025-03-01 10:00:00,10.50,EUR,paid\n"


def around(row: str, header: str = HEADER) -> bytes:
    """A row between two good ones."""
    return (header + FIRST + row + "\n" + LAST).encode()


def zipped(**members: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


@dataclass(frozen=True)
class Case:
    """A file; what is expected of it.

    `problems` : row number → (column, reason, value) of its first problem. `values` : order id → some of its columns.
    `refused` : words of the message; `remedy` : words of the remedy.
    """

    content: bytes
    rows: int = 3
    problems: dict[int, tuple[str, str, str | None]] = field(default_factory=dict)
    values: dict[str, dict[str, object]] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    refused: str = ""
    remedy: str = ""
    more: str = ""
    name: str = "orders.csv"
    zone: str = "UTC"


def bad(row: str, column: str, reason: str, value: str | None, more: str = "") -> Case:
    return Case(around(row), problems={2: (column, reason, value)}, more=more)


def malformed(row: str, wrong: str, **how: object) -> Case:
    return Case(around(row), problems={2: ("", "MALFORMED_ROW", wrong)}, **how)  # type: ignore[arg-type]


def amount(text: str, reason: str) -> Case:
    return bad(f'2,1,2025-03-01 10:00:00,"{text}",EUR,paid', "net_amount", reason, text)


def stamp(text: str) -> Case:
    return bad(f"2,1,{text},10.50,EUR,paid", "ordered_at", "BAD_TIMESTAMP", text)


def good(row: str, order: str = "2", more: str = "", notes: dict[str, int] | None = None, **columns: object) -> Case:
    zone = "Europe/Paris" if "-30 02:30:00," in row or "-26 02" in row else "UTC"
    return Case(around(row), values={order: columns}, more=more, notes=notes or {}, zone=zone)


GOOD = (HEADER + FIRST + FIRST.replace("1,1", "2,1", 1) + LAST).encode()
CASES = {
    "01-byte-order-mark": Case(b"\xef\xbb\xbf" + GOOD),
    "02-utf-16-undeclared": Case(GOOD.decode().encode("utf-16"), refused="utf-16", remedy="encoding: utf-16"),
    "02-utf-16-without-mark": Case(GOOD.decode().encode("utf-16-le"), refused="utf-16", remedy="encoding"),
    "02-utf-16-declared": Case(GOOD.decode().encode("utf-16"), more="encoding: utf-16"),
    "03-latin-1-byte-in-utf-8": Case(
        HEADER.encode() + (FIRST * 30).encode() + b"2,1,2025-03-01 10:00:00,10.50,EUR,pay\xe9\n",
        rows=31,
        problems={31: ("", "MALFORMED_ROW", "bytes that are not text in the declared encoding")},
    ),
    "03-latin-1-file": Case(
        around("2,1,2025-03-01,1,EUR,pay\xe9").decode().encode("latin-1"), refused="not utf-8 text near line 3", remedy="encoding"
    ),
    "03-latin-1-declared": Case(
        around("2,1,2025-03-01,1,EUR,pay\xe9").decode().encode("latin-1"), more="encoding: latin-1", values={"2": {"status": "payé"}}
    ),
    "04-missing-column-in-a-row": malformed("2,1,2025-03-01 10:00:00,10.5", "4 fields instead of 6"),
    "05-extra-column-in-a-row": malformed("2,1,2025-03-01 10:00:00,10.5,EUR,paid,x", "7 fields instead of 6"),
    "06-unquoted-thousands-mark": malformed("2,1,2025-03-01 10:00:00,1,234.50,EUR,paid", "7 fields instead of 6"),
    "07-semicolon-undeclared": Case(GOOD.replace(b",", b";"), refused="no column", remedy="set 'delimiter'"),
    "07-decimal-comma-undeclared": Case(
        GOOD.replace(b",", b";").replace(b"10.50", b"10,50"), more='delimiter: ";"', refused="'10,50'", remedy="decimal"
    ),
    "07-decimal-comma-declared": Case(
        GOOD.replace(b",", b";").replace(b"10.50", b"10,50"), more='{delimiter: ";", decimal: ","}'[1:-1].replace(", dec", "\n    dec")
    ),
    "08-duplicated-header": Case(GOOD.replace(b"status", b"amount", 1), refused="names a column twice: amount", remedy="its own name"),
    "09-header-case-and-space": Case(GOOD.replace(b"order_id,customer_id", b" Order_ID ,Customer_Id", 1)),
    "09-header-accents": Case(GOOD.replace(b"status", "Státus".encode(), 1), values={"1": {"status": "paid"}}),
    "10-reordered-columns": Case(
        b"customer_id,order_id,order_ts,amount,currency,status\n7,1,2025-03-01 10:00:00,10.5,EUR,paid\n",
        rows=1,
        values={"1": {"contact_ref": "7"}},
    ),
    "11-added-column": Case(b"order_id,customer_id,order_ts,amount,currency,status,new\n1,1,2025-03-01,1,EUR,paid,x\n", rows=1),
    "12-removed-column": Case(b"order_id,customer_id,order_ts,amount,status\n1,1,2025-03-01,1,paid\n", refused="no column 'currency'"),
    "13-renamed-column": Case(GOOD.replace(b"amount", b"amuont", 1), refused="no column 'amount'", remedy="'amount' may now be 'amuont'"),
    "14-id-with-point-zero-is-text": good("2.0,1,2025-03-01 10:00:00,10.50,EUR,paid", order="2.0", contact_ref="1"),
    "15-empty-file": Case(b"", refused="is empty (0 bytes)", remedy="empty_allowed"),
    "15-empty-file-allowed": Case(b"", rows=0, more="empty_allowed: true"),
    "16-header-only": Case(HEADER.encode(), rows=0),
    "17-no-header": Case((FIRST + LAST).encode(), refused="has no header", remedy="first line must name the columns"),
    "18-nul-byte": malformed("2,1,2025-03-01 10:00:00,10.5,E\0R,paid", "a NUL byte"),
    "19-five-megabyte-field": malformed(f"2,1,2025-03-01,1,EUR,{'x' * 5_000_000}", "a field longer than 1,000,000 characters"),
    "20-unclosed-quote": malformed('2,1,2025-03-01 10:00:00,10.5,"EUR,paid', "a quote that is never closed"),
    "20-text-after-a-quote": malformed('2,1,2025-03-01 10:00:00,10.5,"EUR"x,paid', "text after a closing quote"),
    "21-newline-in-quotes": good('2,1,2025-03-01 10:00:00,10.5,EUR,"pa\nid"', status="pa\nid"),
    "22-mixed-line-ends": Case(GOOD.replace(b"paid\n", b"paid\r\n", 2)),
    "22-carriage-returns-only": Case(GOOD.replace(b"\n", b"\r")),
    "23-no-final-newline": Case(GOOD.rstrip()),
    "24-cut-last-line": Case(GOOD[:-10], problems={3: ("", "MALFORMED_ROW", "4 fields instead of 6")}),
    "25-truncated-gzip": Case(
        gzip.compress(GOOD * 50)[:-20], name="orders.csv.gz", refused="broken compressed file", remedy="send the file again"
    ),
    "26-gz-that-is-plain": Case(GOOD, name="orders.csv.gz", refused="named .gz but is not compressed", remedy="rename"),
    "26-plain-that-is-gz": Case(gzip.compress(GOOD), refused="gzip-compressed but its name", remedy="rename"),
    "26-gzip": Case(gzip.compress(GOOD), name="orders.csv.gz"),
    "26-zip": Case(zipped(**{"a.csv": GOOD.decode()}), name="orders.csv.zip"),
    "26-zip-of-two": Case(zipped(**{"a.csv": "x", "b.csv": "y"}), name="orders.zip", refused="2 files (a.csv, b.csv)", remedy="on its own"),
    "26-workbook-named-csv": Case(zipped(**{"xl/workbook.xml": "x"}), refused="Excel workbook", remedy="format: excel"),
    "27-html-page": Case(b"<!DOCTYPE html>\n<html><body>503</body></html>\n", refused="web page", remedy="export"),
    "28-comment-undeclared": Case(b"# exported\n" + GOOD, refused="first line is a comment", remedy="comment"),
    "28-comment-declared": Case(b"# exported\n" + GOOD + b"# end\n", more='comment: "#"'),
    "28-lines-skipped": Case(b"Report\nof 2025\n" + GOOD, more="skip_rows: 2"),
    "29-total-undeclared": Case(GOOD + b"TOTAL,,,31.50,,\n", rows=4, problems={4: ("ordered_at", "MISSING_REQUIRED", None)}),
    "29-total-declared": Case(
        GOOD + b"TOTAL,,,31.50,,3\n\n", more="footer: {column: order_id, equals: TOTAL, sums: amount, count: status}"
    ),
    "29-total-that-disagrees": Case(
        GOOD + b"TOTAL,,,99.00,,\n",
        more="footer: {column: order_id, equals: TOTAL, sums: amount}",
        refused="says amount = 99.00, the rows sum to 31.5",
    ),
    "29-total-missing": Case(GOOD, more="footer: {column: order_id, equals: TOTAL}", refused="trailer row", remedy="whole"),
    "30-blank-lines": Case(GOOD.replace(b"paid\n", b"paid\n\n \n")),
    "31-tabs-in-csv": Case(GOOD.replace(b",", b"\t"), refused="no column", remedy="delimiter"),
    "31-tabs-in-tsv": Case(GOOD.replace(b",", b"\t"), name="orders.tsv"),
    "32-not-a-number": amount("NaN", "BAD_NUMBER"),
    "32-infinity": amount("inf", "BAD_NUMBER"),
    "33-exponent": amount("1e3", "BAD_NUMBER"),
    "33-underscore": amount("1_000", "BAD_NUMBER"),
    "33-hexadecimal": amount("0x10", "BAD_NUMBER"),
    "34-currency-sign": amount("€10.50", "BAD_NUMBER"),
    "35-three-decimals": amount("10.505", "TOO_MANY_DECIMALS"),
    "36-huge-amount": amount("99999999999999999999.99", "OUT_OF_RANGE"),
    "44-id-over-int64": good("9223372036854775808,1,2025-03-01,1,EUR,paid", order="9223372036854775808", status="paid"),
    "45-leading-zeros": Case(around("007,1,2025-03-01,1,EUR,paid").replace(b"\n3,1", b"\n7,1"), values={"007": {}, "7": {}}),
    "46-id-over-2-53": good("2,9007199254740993,2025-03-01,1,EUR,paid", contact_ref="9007199254740993"),
    "53-zero-date": stamp("0000-00-00"),
    "54-epoch-undeclared": stamp("1740823200"),
    "54-epoch-file-undeclared": Case(GOOD.replace(b"2025-03-01 10:00:00", b"1740823200"), refused="'1740823200'", remedy="epoch_s"),
    "54-epoch-declared": Case(
        GOOD.replace(b"2025-03-01 10:00:00", b"1740823200"),
        more="timestamp_format: epoch_s",
        values={"1": {"ordered_at": "2025-03-01 10:00:00"}},
    ),
    "54-epoch-microseconds": Case(
        GOOD.replace(b"2025-03-01 10:00:00", b"1740823200000001"),
        more="timestamp_format: epoch_us",
        values={"1": {"ordered_at": "2025-03-01 10:00:00.000001"}},
    ),
    "55-day-or-month-undeclared": Case(GOOD.replace(b"2025-03-01 10:00:00", b"03/04/2025"), refused="'03/04/2025'", remedy="%d/%m/%Y"),
    "55-day-first-declared": Case(
        GOOD.replace(b"2025-03-01 10:00:00", b"03/04/2025"),
        more='timestamp_format: "%d/%m/%Y"',
        values={"1": {"ordered_at": "2025-04-02 22:00:00"}},
        zone="Europe/Paris",
    ),
    "56-29-february": stamp("2025-02-29 10:00:00"),
    "58-offset": good("2,1,2025-03-30T02:30:00+02:00,1,EUR,paid", ordered_at="2025-03-30 00:30:00"),
    "58-offset-without-colon": good("2,1,2024-01-31 10:22:33 +0100,1,EUR,paid", ordered_at="2024-01-31 09:22:33"),
    "58-zulu": good("2,1,2024-01-31T10:22:33Z,1,EUR,paid", ordered_at="2024-01-31 10:22:33"),
    "59-hour-that-is-missing": good(
        "2,1,2025-03-30 02:30:00,1,EUR,paid", notes={"ordered_at:DST_GAP": 1}, ordered_at="2025-03-30 01:30:00"
    ),
    "59-missing-hour-earlier": good("2,1,2025-03-30 02:30:00,1,EUR,paid", more="dst_gap: earlier", ordered_at="2025-03-30 00:30:00"),
    "59-hour-that-is-double": good(
        "2,1,2025-10-26 02:30:00,1,EUR,paid", notes={"ordered_at:DST_OVERLAP": 1}, ordered_at="2025-10-26 00:30:00"
    ),
    "59-double-hour-later": good("2,1,2025-10-26 02:30:00,1,EUR,paid", more="dst_overlap: later", ordered_at="2025-10-26 01:30:00"),
    "60-offsets-beside-none": good("2,1,2025-07-01 10:00:00-05:00,1,EUR,paid", ordered_at="2025-07-01 15:00:00"),
    "60-named-zone": stamp("2025-07-01 10:00:00 CET"),
    "61-na-is-text": good("2,1,2025-03-01,1,NA,None", currency="NA", status="None"),
    "61-null-declared": good("2,1,2025-03-01,1,NULL,paid", more="null_values: ['', 'NULL']", currency=None),
    "62-spaces": good("2,1,2025-03-01,1,EUR, paid ", notes={"status:TRIMMED": 1}, status="paid"),
    "62-zero-width": good("2,1,2025-03-01,1,EUR,pa\u200bid\u00a0", notes={"status:TRIMMED": 1}, status="paid"),
    "62-decomposed": good("2,1,2025-03-01,1,EUR,paye\u0301", notes={"status:NFC": 1}, status="pay\u00e9"),
    "63-emoji": good("2,1,2025-03-01,1,EUR,👩\u200d👧 مدفوع", status="👩\u200d👧 مدفوع"),
    "64-mail-is-kept": good("2,Ann+x@Mail.eu,2025-03-01,1,EUR,paid", contact_ref="Ann+x@Mail.eu"),
    "65-injection-is-text": good("2,'; DROP TABLE x,2025-03-01,1,EUR,{{ jinja }}", contact_ref="'; DROP TABLE x", status="{{ jinja }}"),
    "66-formula-is-text": good('2,=HYPERLINK(1),2025-03-01,1,EUR,"-1+1"', contact_ref="=HYPERLINK(1)", status="-1+1"),
    "68-escapes-are-text": good('2,1,2025-03-01,1,EUR,"\x1b[31mred\n2025 night published"', status="\x1b[31mred\n2025 night published"),
    "68-escapes-in-a-header": Case(
        GOOD.replace(b"amount", b'"\x1b[31m\nnight published"', 1), refused=r"\x1b[31m\nnight published", remedy="mend the mapping"
    ),
    "header-again": malformed(HEADER.strip(), "the header again"),
    "unnamed-column": Case(GOOD.replace(b"status", b"", 1), refused="column 6 has no name"),
}


def land(home):
    return [land_source(home, source, "UTC") for source in load_sources(home.sources_file).sources]


def found(home):
    sources = load_sources(home.sources_file)
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    return duckdb.sql(f"select *, cast(ordered_at as varchar) as stamp from ({view}) order by _row_no").fetchall(), duckdb.sql(view).columns


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input(make_home, case):
    home = make_home(sources=SOURCES.format(name=case.name, more=case.more, zone=case.zone), **{case.name: case.content})
    if case.refused:
        with pytest.raises(SourceError) as error:
            land(home)
        assert case.refused in error.value.message
        assert "'shop'" in error.value.message
        assert case.remedy in error.value.remedy
        assert error.value.remedy
        assert not list((home.landing / "shop").glob("*")), "nothing is left of a refused file"
        return
    assert land(home)[0]["rows"] == case.rows
    rows, columns = found(home)
    named = [dict(zip([*columns, "stamp"], row, strict=True)) for row in rows]
    for row in named:
        row["ordered_at"] = row.pop("stamp")
    assert [row["_row_no"] for row in named] == list(range(1, case.rows + 1))
    problems = {row["_row_no"]: row["_problems"] for row in named if row["_problems"]}
    assert {number: tuple(first[0].values()) for number, first in problems.items()} == case.problems
    assert all(row["_raw"] for row in named), "a row is kept as it came"
    by_order = {row["order_id"]: row for row in named}
    for order, expected in case.values.items():
        assert {column: by_order[order][column] for column in expected} == expected
    if case.rows:
        (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
        totals = batch.totals["orders"]
        assert totals.rows == case.rows
        assert (totals.amount or 0) == sum(row["net_amount"] for row in named if row["net_amount"] is not None)
        assert totals.notes == {**totals.notes, **case.notes}


def test_the_same_bytes_again_are_no_news_and_a_correction_supersedes(make_home):
    home = make_home(sources=SOURCES.format(name="orders.csv", more="", zone="UTC"), **{"orders.csv": GOOD})
    assert land(home)[0]["batches"] == 1
    (home.root / "input" / "orders.csv").write_bytes(GOOD)
    assert land(home)[0]["batches"] == 0
    (home.root / "input" / "orders.csv").write_bytes(GOOD.replace(b"10.50", b"11.50"))
    assert land(home)[0]["batches"] == 1
    assert len(list((home.landing / "shop").glob("*/manifest.json"))) == 2


def test_a_file_without_its_marker_waits(make_home):
    home = make_home(
        sources=SOURCES.format(name="*.csv", more='ready_marker: "{file}.done"', zone="UTC"),
        **{"a.csv": GOOD, "b.csv": GOOD, "a.csv.done": ""},
    )
    said: list[str] = []
    counts = land_source(home, load_sources(home.sources_file).sources[0], "UTC", say=said.append)
    assert counts["batches"] == 1
    assert any("b.csv: not ready" in line for line in said)


@pytest.mark.parametrize("path", ["../outside.csv", "input/link.csv"])
def test_a_path_out_of_the_home_is_refused(make_home, tmp_path, path):
    home = make_home(
        sources=SOURCES.format(name="orders.csv", more="", zone="UTC").replace("input/orders.csv", path), **{"orders.csv": GOOD}
    )
    outside = tmp_path.parent / "outside.csv"
    outside.write_bytes(GOOD)
    (tmp_path / "input" / "link.csv").symlink_to(outside)
    with pytest.raises(GoodwillError, match=r"leaves the home|leads out of its folder"):
        land(home)


READY = {  # file of the shared folder → rows that flow, rows with a problem; None where the file is refused
    "01_ok.csv": (3, 0),
    "02_bom.csv": (3, 0),
    "04_latin1_name.csv": None,
    "05_missing_col_in_row.csv": (2, 1),
    "07_unquoted_comma_amount.csv": (1, 1),
    "08_decimal_comma_semicolon.csv": None,
    "10_header_case_space.csv": (3, 0),
    "11_reordered_cols.csv": (1, 0),
    "13_removed_col.csv": None,
    "14_empty.csv": None,
    "16_no_header.csv": None,
    "17_nul_bytes.csv": (1, 1),
    "19_unclosed_quote.csv": (10, 1),
    "20_newline_in_quote.csv": (2, 0),
    "22_no_final_newline.csv": (3, 0),
    "23_truncated_last_row.csv": (2, 1),
    "25_amount_exp.csv": (0, 3),
    "26_currency_symbol.csv": (0, 1),
    "28_id_leading_zero.csv": (2, 0),
    "29_id_over_int64.csv": (1, 0),
    "31_date_dmy.csv": None,
    "32_date_epoch_s.csv": None,
    "34_date_feb29.csv": (0, 1),
    "35_date_tz.csv": (2, 0),
    "37_null_strings.csv": (4, 0),
    "38_country_NA_namibia.csv": (1, 0),
    "40_emoji.csv": (1, 0),
    "41_blank_lines.csv": (2, 0),
    "43_comment_line.csv": None,
    "44_tab_delim_as_csv.csv": None,
    "46_negative_amount.csv": (1, 0),
    "47_trailing_spaces.csv": (2, 0),
    "49_amount_huge.csv": (0, 1),
    "50_dup_ids.csv": (3, 0),
    "52_gzip_ext_plain.csv.gz": None,
    "53_plain_ext_gzip.csv": None,
    "55_zero_width_and_nfd.csv": (2, 0),
}


@pytest.mark.shared_data
@pytest.mark.skipif("GOODWILL_SHARED_DATA" not in os.environ, reason="GOODWILL_SHARED_DATA names no folder")
@pytest.mark.parametrize("name", READY)
def test_ready_file(make_home, name):
    content = (Path(os.environ["GOODWILL_SHARED_DATA"]) / "bad" / name).read_bytes()
    home = make_home(sources=SOURCES.format(name=name, more="", zone="Europe/Paris"), **{name: content})
    if READY[name] is None:
        with pytest.raises(SourceError) as error:
            land(home)
        assert error.value.remedy
        return
    land(home)
    rows, columns = found(home)
    place = columns.index("_problems")
    assert (sum(not row[place] for row in rows), sum(bool(row[place]) for row in rows)) == READY[name]
