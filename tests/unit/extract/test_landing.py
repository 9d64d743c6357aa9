"""Landing: what a file becomes, what is refused, what is done twice."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.structure import mappers
from goodwill.extract.totals import measure
from goodwill.sources import load_sources

GOOD = """
    order_id,ordered_at,customer_id,amount
    007,2025-03-01 10:00:00,c1,10.50
    7,2025-03-02T23:30:00+02:00,c2,3
"""


def land(home, zone="UTC"):
    sources = load_sources(home.sources_file)
    return [land_source(home, source, zone) for source in sources.sources]


def rows(home, entity="orders", zone="UTC", columns="*", order="_row_no"):
    view = landed_view(home, load_sources(home.sources_file), ENTITIES[entity], zone)
    return duckdb.sql(f"select {columns} from ({view}) order by {order}").fetchall()


def test_a_good_file_lands_exactly(make_home):
    home = make_home(**{"orders.csv": GOOD})
    assert land(home) == [{"batches": 1, "rows": 2, "malformed_rows": 0, "changes": 0}]
    assert rows(home, columns="order_id, cast(ordered_at as varchar), contact_ref, net_amount, currency, _row_no, len(_problems)") == [
        ("007", "2025-03-01 10:00:00", "c1", Decimal("10.50"), "EUR", 1, 0),
        ("7", "2025-03-02 21:30:00", "c2", Decimal("3.00"), "EUR", 2, 0),
    ]
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    totals = batch.totals["orders"]
    assert (totals.rows, totals.amount, totals.unparsable_amounts) == (2, Decimal("13.50"), 0)


@pytest.mark.parametrize("first", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("others", ["\n", "\r\n", "\r"])
def test_the_header_may_end_otherwise_than_the_rows(make_home, first, others):
    home = make_home(**{"orders.csv": GOOD})
    lines = ["order_id,ordered_at,customer_id,amount", *(f"o{number},2025-03-01,c{number % 9},1.25" for number in range(3_000))]
    (home.root / "input" / "orders.csv").write_bytes((lines[0] + first + others.join(lines[1:]) + others).encode())
    assert land(home)[0]["rows"] == 3_000
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    assert (batch.totals["orders"].rows, batch.totals["orders"].amount) == (3_000, Decimal("3750.00"))


def test_the_same_file_again_lands_nothing(make_home):
    home = make_home(**{"orders.csv": GOOD})
    land(home)
    before = sorted(path.name for path in (home.landing / "shop").iterdir())
    assert land(home)[0]["batches"] == 0
    assert sorted(path.name for path in (home.landing / "shop").iterdir()) == before


def test_a_changed_file_supersedes_its_older_batch_and_both_stay(make_home):
    home = make_home(**{"orders.csv": GOOD})
    land(home)
    (home.root / "input" / "orders.csv").write_text("order_id,ordered_at,customer_id,amount\n9,2025-03-05,c9,1\n")
    land(home)
    assert [row[0] for row in rows(home, columns="order_id")] == ["9"]
    manifests = [json.loads(path.read_text()) for path in (home.landing / "shop").glob("*/manifest.json")]
    assert len(manifests) == 2
    newer = next(each for each in manifests if each["supersedes"])
    assert newer["supersedes"] in {each["batch_id"] for each in manifests}


def test_naive_time_stamps_are_in_the_zone_of_the_source(make_home):
    home = make_home(**{"orders.csv": GOOD})
    land(home)
    assert rows(home, zone="America/New_York", columns="cast(ordered_at as varchar)")[0] == ("2025-03-01 15:00:00",)


BAD_VALUES = [
    ("x,not a date,c,1", "ordered_at", "BAD_TIMESTAMP", "not a date"),
    ("x,2025-02-30,c,1", "ordered_at", "BAD_TIMESTAMP", "2025-02-30"),
    ("x,03/04/2025,c,1", "ordered_at", "BAD_TIMESTAMP", "03/04/2025"),
    ("x,2025-02-03,c,abc", "net_amount", "BAD_NUMBER", "abc"),
    ("x,2025-02-03,c,1e3", "net_amount", "BAD_NUMBER", "1e3"),
    ("x,2025-02-03,c,1_000", "net_amount", "BAD_NUMBER", "1_000"),
    ("x,2025-02-03,c,0x10", "net_amount", "BAD_NUMBER", "0x10"),
    ("x,2025-02-03,c,€10.50", "net_amount", "BAD_NUMBER", "€10.50"),
    ("x,2025-02-03,c,NaN", "net_amount", "BAD_NUMBER", "NaN"),
    ("x,2025-02-03,c,inf", "net_amount", "BAD_NUMBER", "inf"),
    ("x,2025-02-03,c,10.505", "net_amount", "TOO_MANY_DECIMALS", "10.505"),
    ("x,2025-02-03,c,12345678901234567890", "net_amount", "OUT_OF_RANGE", "12345678901234567890"),
    (",2025-02-03,c,1", "order_id", "MISSING_REQUIRED", None),
    ("x,,c,1", "ordered_at", "MISSING_REQUIRED", None),
    ("x,2025-02-03,c,", "net_amount", "MISSING_REQUIRED", None),
    ("x,2025-02-03,c", "", "MALFORMED_ROW", "3 fields instead of 4"),
    ("x,2025-02-03,c,1,2", "", "MALFORMED_ROW", "5 fields instead of 4"),
    ('"x,2025-02-03,c,1', "", "MALFORMED_ROW", "a quote that is never closed"),
    ("x\0,2025-02-03,c,1", "", "MALFORMED_ROW", "a NUL byte"),
    ("x,2025-02-03,c,1,234.50", "", "MALFORMED_ROW", "5 fields instead of 4"),
]


@pytest.mark.parametrize(
    ("line", "column", "reason", "value"), BAD_VALUES, ids=[f"{each[2]}-{number}" for number, each in enumerate(BAD_VALUES)]
)
def test_a_bad_row_is_named_and_its_neighbours_flow(make_home, line, column, reason, value):
    text = f"order_id,ordered_at,customer_id,amount\na,2025-01-01,c,1\n{line}\nb,2025-01-02,c,2\n"
    home = make_home(**{"orders.csv": text.encode()})
    assert land(home)[0]["rows"] == 3
    found = rows(home, columns="_row_no, order_id, _problems")
    assert [(number, problems) for number, _, problems in found if problems] == [
        (2, [{"column_name": column, "reason": reason, "value": value}])
    ]
    assert [order for _, order, problems in found if not problems] == ["a", "b"]


@pytest.mark.parametrize("mark", [".", " ", "'", ","])
def test_thousands_marks_stand_before_groups_of_three(make_home, mark):
    decimal = "." if mark == "," else ","
    written = [
        f"1{mark}234{decimal}50",
        f"12{mark}345{mark}678{decimal}00",
        "999",
        f"1{mark}2345{decimal}00",
        f"12{mark}34",
        f"-{mark}123",
        f"1{mark}{mark}234",
    ]
    home = make_home(
        sources=f"""
        sources:
          - name: shop
            path: input/orders.csv
            delimiter: ";"
            decimal: "{decimal}"
            thousands: "{mark}"
            entities: {{orders: {{columns: {{order_id: id, ordered_at: at, net_amount: amount}}}}}}
        """,
        **{"orders.csv": "id;at;amount\n" + "".join(f"{number};2025-01-01;{amount}\n" for number, amount in enumerate(written))},
    )
    land(home)
    amounts = [amount for (amount,) in rows(home, columns="net_amount")]
    assert amounts[:3] == [Decimal("1234.50"), Decimal("12345678.00"), Decimal("999.00")]
    assert amounts[3:] == [None] * 4


def test_a_bad_row_keeps_its_raw_text(make_home):
    home = make_home(**{"orders.csv": "order_id,ordered_at,customer_id,amount\nx,soon,c,1\ny,2025-01-01\n"})
    land(home)
    raw = [row[0] for row in rows(home, columns="_raw")]
    assert json.loads(raw[0]) == {"order_id": "x", "ordered_at": "soon", "customer_id": "c", "amount": "1"}
    assert raw[1] == "y,2025-01-01"


REFUSED = {
    "missing": (None, "does not exist"),
    "empty": (b"", "is empty"),
    "latin1": ("order_id,ordered_at,customer_id,amount\n1,2025-01-01,Zoé,1\n".encode("latin-1"), "is not utf-8 text near line"),
    "utf16": ("order_id,ordered_at,customer_id,amount\n".encode("utf-16"), "is not utf-8 text"),
    "no_column": (b"order_id,ordered_at,customer,amount\n1,2025-01-01,c,1\n", "no column 'customer_id'"),
    "html": (b"<html><body>Service unavailable</body></html>\n", "no column"),
    "twice": (b"order_id,ordered_at,customer_id,amount,Amount\n", "names a column twice"),
    "gz": (gzip.compress(b"order_id\n"), "is gzip-compressed but its name"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_a_broken_file_is_refused_whole(make_home, case):
    content, said = REFUSED[case]
    home = make_home(**({} if content is None else {"orders.csv": content}))
    with pytest.raises(SourceError, match="source 'shop'") as error:
        land(home)
    assert said in str(error.value)
    assert "orders.csv" in str(error.value)
    assert "remedy" in str(error.value)
    assert list((home.landing / "shop").glob("*")) == []


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("order_id;ordered_at;customer_id;amount", "looks separated by ';'"),
        ("order_id,orderd_at,customer_id,amount", "'ordered_at' may now be 'orderd_at'"),
    ],
)
def test_a_likely_slip_is_named(make_home, header, hint):
    home = make_home(**{"orders.csv": f"{header}\n"})
    with pytest.raises(SourceError) as error:
        land(home)
    assert hint in error.value.remedy


def test_an_empty_file_is_fine_where_allowed(make_home):
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: input/orders.csv, empty_allowed: true, entities: {orders: {columns: {order_id: a, ordered_at: b, net_amount: c}}}}
    """,
        **{"orders.csv": b""},
    )
    assert land(home)[0]["rows"] == 0
    assert rows(home) == []


def test_a_truncated_gzip_leaves_no_batch(make_home):
    packed = gzip.compress(b"order_id,ordered_at,customer_id,amount\n" + b"1,2025-01-01,c,1\n" * 5000)
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: input/orders.csv.gz, entities: {orders: {columns: {order_id: order_id, ordered_at: ordered_at, net_amount: amount}}}}
    """,
        **{"orders.csv.gz": packed[: len(packed) // 2]},
    )
    with pytest.raises(SourceError, match="broken compressed file"):
        land(home)
    assert list((home.landing / "shop").glob("*")) == []


GROUPED = """
    sources:
      - name: till
        path: input/till.csv
        time_zone: Europe/Paris
        decimal: ","
        delimiter: ";"
        timestamp_format: "%d/%m/%Y %H:%M"
        entities:
          orders:
            where: [{column: total, at_least: 0}]
            group_by: basket
            columns:
              order_id: basket
              ordered_at: {lowest: at}
              contact_ref: card
              net_amount: {total: [total, extra]}
          order_lines:
            where: [{column: total, at_least: 0}]
            columns: {order_id: basket, line_no: {occurrence: basket}, product_id: item, net_amount: {total: [total, extra]}}
          refunds:
            where: [{column: total, below: 0}]
            columns: {refund_id: {hash: [basket, at, total]}, order_id: basket, refunded_at: at, amount: {column: total, negate: true}}
"""

TILL = """
    basket;at;card;item;total;extra
    b1;01/03/2025 10:00;k1;milk;1,50;0,10
    b1;01/03/2025 10:00;k1;bread;2,00;
    b2;01/03/2025 11:00;k2;milk;1,50;
    b2;02/03/2025 09:00;k2;milk;-1,50;
    b2;02/03/2025 09:00;k2;milk;-1,50;
    b3;01/03/2025 12:00;k3;jam;oops;
"""


def test_one_file_feeds_several_entities(make_home):
    home = make_home(sources=GROUPED, **{"till.csv": TILL})
    land(home)
    orders = rows(
        home, columns="order_id, contact_ref, net_amount, cast(ordered_at as varchar), [p.reason for p in _problems]", order="order_id"
    )
    assert orders == [
        ("b1", "k1", Decimal("3.60"), "2025-03-01 09:00:00", []),
        ("b2", "k2", Decimal("1.50"), "2025-03-01 10:00:00", []),
        ("b3", "k3", Decimal("0.00"), "2025-03-01 11:00:00", ["BAD_NUMBER"]),
    ]
    lines = rows(home, "order_lines", columns="order_id, line_no, product_id, net_amount", order="order_id, line_no")
    assert lines[:3] == [("b1", "1", "milk", Decimal("1.60")), ("b1", "2", "bread", Decimal("2.00")), ("b2", "1", "milk", Decimal("1.50"))]
    refunds = rows(home, "refunds", columns="refund_id, amount, [p.reason for p in _problems]")
    good = [refund for refund in refunds if not refund[2]]
    assert [amount for _, amount, _ in good] == [Decimal("1.50"), Decimal("1.50")]
    assert len({key for key, _, _ in good}) == 2, "two equal rows of a file are two refunds"
    assert [reason for _, _, reason in refunds if reason] == [["BAD_NUMBER"]], (
        "an amount that cannot be read is not lost between two filters"
    )


def test_a_group_that_disagrees_is_named(make_home):
    home = make_home(sources=GROUPED, **{"till.csv": TILL.replace("k1;bread", "k9;bread")})
    land(home)
    problems = rows(home, columns="order_id, [p.column_name || ' ' || p.reason for p in _problems]", order="order_id")
    assert problems[0] == ("b1", ["contact_ref INCONSISTENT_GROUP"])


def test_ids_live_in_the_name_space_of_their_system(make_home):
    home = make_home(
        sources="""
        sources:
          - {name: web, path: input/a.csv, system: web, entities: {orders: {columns: {order_id: id, ordered_at: at, contact_ref: who, net_amount: m}}}}
          - {name: till, path: input/b.csv, system: till, entities: {orders: {columns: {order_id: id, ordered_at: at, contact_ref: who, net_amount: m}}}}
    """,
        **{"a.csv": "id,at,who,m\n1,2025-01-01,7,1\n", "b.csv": "id,at,who,m\n1,2025-01-01,a@b.eu,1\n"},
    )
    land(home)
    assert rows(home, columns="order_id, contact_ref", order="order_id") == [("till:1", "a@b.eu"), ("web:1", "web:7")]


def test_an_entity_without_a_source_has_its_columns_and_no_rows(make_home):
    home = make_home(**{"orders.csv": GOOD})
    land(home)
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["refunds"], "UTC")
    relation = duckdb.sql(view)
    assert relation.fetchall() == []
    assert relation.columns[:3] == ["refund_id", "order_id", "contact_ref"]


def test_what_has_landed_is_measured_by_other_settings_and_not_refused(make_home):
    home = make_home(**{"orders.csv": GOOD})
    (source,) = load_sources(home.sources_file).sources
    (mapper,) = mappers(source.model_copy(update={"decimal": ","}), dict.fromkeys(GOOD.split()[0].split(","), "VARCHAR"), "UTC").values()
    rows = "select '1' as order_id, '2025-03-01' as ordered_at, 'c' as customer_id, '12.50' as amount, null::text as __malformed, null::text as __line"
    with duckdb.connect() as connection:
        assert measure(connection, mapper, rows).unparsable_amounts == 1
        with pytest.raises(SourceError, match=r"input/orders\.csv: no value of orders\.net_amount"):
            measure(connection, mapper, rows, part="input/orders.csv")
