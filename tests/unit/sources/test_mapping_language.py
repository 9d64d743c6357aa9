"""What presets and proposals need of the mapping: products of columns, stand-ins, shares, offsets."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract import land_source, landed_view
from goodwill.extract.batches import read_manifests
from goodwill.sources import load_sources


@pytest.fixture
def land(make_home):
    """Land one CSV under a mapping of orders and read columns of it: `land(text, columns, more)`."""

    def make(text: str, mapping: str, asked: str, more: str = ""):
        home = make_home(
            f"sources: [{{name: shop, path: input/orders.csv, {more} entities: {{orders: {{{mapping}}}}}}}]", **{"orders.csv": text}
        )
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")
        view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
        return duckdb.sql(f"select {asked} from ({view}) order by _row_no").fetchall()

    return make


PROBLEMS = "list_transform(_problems, lambda p: [p.column_name, p.reason, p.value])"


def test_price_times_quantity_is_exact_and_added_up(land):
    text = "id,at,price,n\na,2025-01-01,0.335,3\na,2025-01-01,2.5,2\nb,2025-01-02,1.10,-1\n"
    mapping = "group_by: id, columns: {order_id: id, ordered_at: at, net_amount: {total: price, times: n}}"
    # 0.335 x 3 = 1.005, rounded to the cent in its row
    assert land(text, mapping, "order_id, net_amount") == [("a", Decimal("6.01")), ("b", Decimal("-1.10"))]


def test_a_price_without_a_quantity_is_a_bad_row_not_a_free_one(land):
    text = "id,at,price,n\na,2025-01-01,5,\na,2025-01-01,2,1\nb,2025-01-02,1,x\nc,2025-01-02,,\n"
    mapping = "group_by: id, columns: {order_id: id, ordered_at: at, net_amount: {total: price, times: n}}"
    assert land(text, mapping, f"order_id, {PROBLEMS}") == [
        ("a", [["net_amount", "BAD_NUMBER", ""]]),
        ("b", [["net_amount", "BAD_NUMBER", "x"]]),
        ("c", [["net_amount", "MISSING_REQUIRED", None]]),
    ]


def test_the_first_column_that_says_something_is_read(land):
    text = "id,at,a,b,amount\n1,2025-01-01,x,y,1\n2,2025-01-01,,y,1\n3,2025-01-01,,,1\n"
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount, channel: {column: a, otherwise: [gone, b]}, status: {column: gone, optional: true}}"
    assert land(text, mapping, "channel, status") == [("x", None), ("y", None), (None, None)]


def test_a_stand_in_that_cannot_be_read_is_told(land):
    text = "id,at,paid,amount\n1,,2025-01-01 10:00,1\n2,soon,2025-01-02 10:00,1\n3,,later,1\n"
    mapping = "columns: {order_id: id, net_amount: amount, ordered_at: {column: at, otherwise: paid}}"
    assert land(text, mapping, f"cast(ordered_at as varchar), {PROBLEMS}") == [
        ("2025-01-01 10:00:00", []),
        (None, [["ordered_at", "BAD_TIMESTAMP", "soon"]]),
        (None, [["ordered_at", "BAD_TIMESTAMP", "later"]]),
    ]


def test_a_share_is_taken_off_to_the_cent_and_a_bad_one_is_told(land):
    text = "id,at,back,tax,total\n1,2025-01-01,60,20,120\n2,2025-01-01,10,,50\n3,2025-01-01,10,0,0\n4,2025-01-01,10,x,50\n5,2025-01-01,33.33,5.5,99.99\n"
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: {column: back, without_share: {part: tax, of: total}}}"
    assert land(text, mapping, f"net_amount, {PROBLEMS}") == [
        (Decimal("50.00"), []),
        (Decimal("10.00"), []),
        (Decimal("10.00"), []),
        (Decimal("10.00"), [["net_amount", "BAD_NUMBER", "x"]]),
        (Decimal("31.50"), []),
    ]


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2024-01-31 10:22:33 +0100", "2024-01-31 09:22:33"),
        ("2024-01-31 10:22:33 +01:00", "2024-01-31 09:22:33"),
        ("2024-01-31 10:22 -0330", "2024-01-31 13:52:00"),
        ("2024-01-31T10:22:33.5+01", "2024-01-31 09:22:33.5"),
        ("2024-01-31 10:22:33 UTC", "2024-01-31 10:22:33"),
        ("2024-01-31T10:22:33Z", "2024-01-31 10:22:33"),
        ("2024-01-31 10:22:33 +2500", None),
        ("2024-01-31 10:22:33 CET", None),
    ],
)
def test_an_offset_reads_in_every_form(land, given, utc):
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount}"
    assert land(f"id,at,amount\n1,{given},1\n", mapping, "cast(ordered_at as varchar)", "time_zone: Asia/Tokyo,") == [(utc,)]


def test_numbers_grouped_by_a_no_break_space(land):
    text = 'id,at,amount\n1,2025-01-01,"1\N{NO-BREAK SPACE}234,50"\n2,2025-01-01,"12\N{NO-BREAK SPACE}34,50"\n'
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount}"
    more = 'decimal: ",", thousands: "\N{NO-BREAK SPACE}",'
    assert land(text, mapping, "net_amount", more) == [(Decimal("1234.50"),), (None,)]


STATES = "id,at,amount,state,paid\n" + "".join(
    f"{n},2025-01-01,1,{state},{paid}\n"
    for n, state, paid in ((1, "2", "yes"), (2, "6", "no"), (3, "7.0", "oui"), (4, "", "0"), (5, "x", "?"))
)


@pytest.mark.parametrize(
    ("test", "kept"),
    [
        ("equals: 2", "1"),
        ("equals: '2'", "1"),
        ("equals: 7", "3"),
        ("equals: '7'", ""),
        ("is_not: 6", "1345"),
        ("among: [2, 7]", "13"),
        ("among: [2, x]", "15"),
        ("not_among: [6, 7]", "145"),
        ("not_among: ['6', '7']", "1345"),
        ("among: []", ""),
    ],
)
def test_a_number_is_compared_as_a_number_and_a_text_as_a_text(land, test, kept):
    mapping = f"where: [{{column: state, {test}}}], columns: {{order_id: id, ordered_at: at, net_amount: amount}}"
    assert "".join(row[0] for row in land(STATES, mapping, "order_id")) == kept


@pytest.mark.parametrize(("test", "kept"), [("equals: true", "13"), ("equals: false", "24"), ("is_not: true", "245")])
def test_yes_and_no_are_compared_by_what_they_mean(land, test, kept):
    mapping = f"where: [{{column: paid, {test}}}], columns: {{order_id: id, ordered_at: at, net_amount: amount}}"
    assert "".join(row[0] for row in land(STATES, mapping, "order_id")) == kept


def test_a_whole_number_stays_one(land):
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount, channel: {value: 1}, status: {value: 1.5}}"
    assert set(land(STATES, mapping, "channel, status")) == {("1", "1.5")}


@pytest.mark.parametrize(
    ("amount", "found"),
    [("1,50", "1.50"), ("1250", "1250.00"), ("1.250", "BAD_NUMBER"), ("1.50", "BAD_NUMBER"), ("1.250,00", "BAD_NUMBER")],
)
def test_where_the_comma_is_the_mark_a_point_is_none(land, amount, found):
    text = f"id;at;amount\n1;2025-01-01;{amount}\n2;2025-01-01;7\n"
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount}"
    (value, problems), _ = land(text, mapping, "net_amount, list_transform(_problems, p -> p.reason)", "delimiter: ';', decimal: ',',")
    assert (str(value) if value is not None else problems[0]) == found
    (value, problems), _ = land(
        text, mapping, "net_amount, list_transform(_problems, p -> p.reason)", "delimiter: ';', decimal: ',', thousands: '.',"
    )
    assert (str(value) if value is not None else problems[0]) == {"1.250": "1250.00", "1.250,00": "1250.00"}.get(amount, found)


def test_a_mark_of_thousands_in_the_wrong_place_is_no_number(land):
    text = 'id,at,amount\n1,2025-01-01,"1,23"\n2,2025-01-01,7\n'
    mapping = "columns: {order_id: id, ordered_at: at, net_amount: amount}"
    assert land(text, mapping, "list_transform(_problems, p -> p.reason)", "thousands: ',',") == [(["BAD_NUMBER"],), ([],)]


def test_a_column_that_yaml_takes_for_yes_or_no_is_to_be_quoted(make_home):
    home = make_home(
        "sources: [{name: shop, path: input/o.csv, entities: {orders: {columns: {order_id: no, ordered_at: at, net_amount: net}}}}]"
    )
    with pytest.raises(ConfigurationError, match=r"write the name of the column in quotes"):
        load_sources(home.sources_file)


def test_a_note_for_spreadsheets_above_the_header_is_named_with_the_setting_that_helps(make_home):
    source = "sources: [{{name: shop, path: input/o.csv, delimiter: ';', {more} entities: {{orders: {{columns: [order_id, ordered_at, net_amount]}}}}}}]"
    text = "sep=;\norder_id;ordered_at;net_amount\n1;2025-01-01;1.50\n"
    home = make_home(source.format(more=""), **{"o.csv": text})
    with pytest.raises(SourceError, match=r"the first line, sep=, is a note for spreadsheets(.|\n)*skip_rows: 1"):
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    home = make_home(source.format(more="skip_rows: 1,"), **{"o.csv": text})
    assert land_source(home, load_sources(home.sources_file).sources[0], "UTC")["rows"] == 1


TILL = "Shop,Receipt,Date,Time,Amount\nNord,17,31/03/2024,02:30,5\nNord,17,31/03/2024,02:30,7\nSüd,17,01/04/2024,,1\nSüd,18,,09:00,2\nA-1,7,01/04/2024,10:00,3\n,,01/04/2024,10:00,4\n"
#: Orders with a number of several columns, at a day and a time of their own columns.
JOINED = (
    "order_id: {column: Shop, followed_by: Receipt, between: '-'}, ordered_at: {column: Date, followed_by: Time, format: '%d/%m/%Y %H:%M'}"
)


def test_several_columns_make_one_id_and_one_time(land):
    got = land(
        TILL,
        f"columns: {{{JOINED}, net_amount: Amount}}",
        f"order_id, cast(ordered_at as varchar), {PROBLEMS}",
        "time_zone: Europe/Zurich,",
    )
    assert got == [
        ("Nord-17", "2024-03-31 01:30:00", []),  # an hour that the clock skipped: read as the one after it
        ("Nord-17", "2024-03-31 01:30:00", []),
        ("Süd-17", None, [["ordered_at", "BAD_TIMESTAMP", "01/04/2024"]]),
        ("Süd-18", None, [["ordered_at", "BAD_TIMESTAMP", "09:00"]]),
        (None, "2024-04-01 08:00:00", [["order_id", "BAD_ID", "A-1-7"]]),
        (None, "2024-04-01 08:00:00", [["order_id", "MISSING_REQUIRED", None]]),
    ]


def test_hours_that_a_change_of_clocks_skips_are_counted_in_times_of_two_columns(make_home):
    home = make_home(
        f"sources: [{{name: shop, path: input/till.csv, time_zone: Europe/Zurich, entities: {{orders: {{columns: {{{JOINED}, net_amount: Amount}}}}}}}}]",
        **{"till.csv": TILL},
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    assert read_manifests(home, "shop")[0].totals["orders"].notes == {"ordered_at:DST_GAP": 2}


def test_a_group_of_several_columns_has_an_id_of_them(land):
    text = "Shop,Receipt,Date,Time,Amount\nNord,17,2024-04-01,10:00,5\nNord,17,2024-04-01,10:01:30,7\nSüd,17,2024-04-01,,1\nSüd,,2024-04-01,08:00,1\n"
    mapping = (
        "group_by: [Shop, Receipt], columns: {order_id: {column: Shop, followed_by: Receipt, between: /}, net_amount: {total: Amount}, "
    )
    lowest = mapping + "ordered_at: {lowest: Date, followed_by: Time}}"
    asked = f"order_id, cast(ordered_at as varchar), net_amount, {PROBLEMS}"
    assert land(text, lowest, asked) == [
        ("Nord/17", "2024-04-01 10:00:00", Decimal("12.00"), []),
        ("Süd/17", "2024-04-01 00:00:00", Decimal("1.00"), []),
        ("Süd/", "2024-04-01 08:00:00", Decimal("1.00"), []),
    ]
    plain = mapping + "ordered_at: {column: Date, followed_by: Time}}"
    assert land(text, plain, PROBLEMS)[0] == ([["ordered_at", "INCONSISTENT_GROUP", "2024-04-01 10:00:00"]],)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("order_id: {column: id, followed_by: n, between: ''}, ordered_at: at, net_amount: amount", "needs a mark 'between'"),
        ("order_id: id, ordered_at: at, net_amount: {column: amount, followed_by: n}", "not numbers"),
        ("order_id: id, ordered_at: at, net_amount: amount, contact_ref: {column: id, followed_by: n}", "who somebody is"),
        ("order_id: {column: id, followed_by: n, otherwise: at}, ordered_at: at, net_amount: amount", "goes with neither"),
        ("order_id: {column: id, between: '-'}, ordered_at: at, net_amount: amount", "goes with 'followed_by'"),
        ("order_id: {hash: [id], followed_by: n}, ordered_at: at, net_amount: amount", "go with one of"),
    ],
)
def test_what_several_columns_cannot_make_is_refused(land, mapping, said):
    with pytest.raises(ConfigurationError, match=said):
        land("id,n,at,amount\n1,2,2025-01-01,1\n", f"columns: {{{mapping}}}", "1")


def test_a_source_that_joins_nothing_is_read_as_before_there_was_joining(make_home):
    home = make_home(
        "sources: [{name: shop, path: a.csv, entities: {orders: {columns: {order_id: id, ordered_at: at, net_amount: amount}}}}]"
    )
    assert "followed_by" not in load_sources(home.sources_file).sources[0].reading()
