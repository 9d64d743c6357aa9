"""PostgreSQL: every value lands exactly or is set apart, against a real server."""

from __future__ import annotations

import datetime as dt
import json
import math
import shutil
import struct
import uuid
from decimal import Decimal

import duckdb
import pytest
from goodwill.cli.checking import check_home
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.sources import load_sources
from goodwill.sources.connectors.postgresql import connector
from goodwill.sources.connectors.postgresql.selecting import Asked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.postgres import PASSWORD

TABLE = "create table orders (order_id bigint primary key, ordered_at timestamptz, amount numeric(12,2), updated_at timestamptz)"
ROWS = "insert into orders select g, '2025-03-01 10:00+02'::timestamptz + g * interval '1 day', g + 0.5, '2025-03-01'::timestamptz + g * interval '1 hour' from generate_series(1, 5) g"


def land(home):
    return land_source(home, load_sources(home.sources_file).sources[0], "UTC")


def source_of(home):
    return load_sources(home.sources_file).sources[0]


def written(home, columns="*"):
    """What the newest batch holds."""
    batch = active_batches(home, source_of(home))[-1]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"select {columns} from '{rows_file(home, batch)}' order by __row_no").fetchall()


def rows(home, columns="order_id, net_amount", entity="orders"):
    view = landed_view(home, load_sources(home.sources_file), ENTITIES[entity], "UTC")
    return duckdb.sql(f"select {columns} from ({view}) order by _batch_id, _row_no").fetchall()


def nothing_landed(home):
    assert read_manifests(home, "erp") == []
    assert list((home.landing / "erp").glob("*")) == [], "scratch was left behind"
    assert list((home.landing / "erp").glob(".*")) == [], "scratch was left behind"


def test_a_table_lands_exactly_with_its_control_totals(postgres, erp_source, make_home):
    postgres.run(TABLE, ROWS)
    home = make_home(erp_source())
    assert land(home) == {"batches": 1, "rows": 5, "malformed_rows": 0, "changes": 0}
    assert rows(home, "order_id, ordered_at, net_amount, len(_problems)")[0] == ("1", dt.datetime(2025, 3, 2, 8), Decimal("1.50"), 0)
    (batch,) = active_batches(home, source_of(home))
    assert batch.columns == {
        "order_id": "BIGINT",
        "ordered_at": "TIMESTAMP WITH TIME ZONE",
        "amount": "DECIMAL(12,2)",
        "updated_at": "TIMESTAMP WITH TIME ZONE",
    }
    assert (batch.file, batch.whole, batch.totals["orders"].amount) == (f"{postgres.schema}.orders", True, Decimal("17.50"))


def test_the_same_rows_in_another_order_are_no_news(postgres, erp_source, make_home):
    postgres.run(TABLE, ROWS)
    home = make_home(erp_source())
    land(home)
    postgres.run("update orders set amount = amount where order_id < 3", "vacuum full orders")
    assert land(home)["batches"] == 0
    postgres.run(
        "update orders set amount = amount + 0.01 where order_id = 3", "update orders set amount = amount - 0.01 where order_id = 4"
    )
    assert land(home)["batches"] == 1
    assert len(rows(home)) == 5, "the newer pull alone counts"


ODD = """
    create type mood as enum ('sad', 'ok');
    create domain cents as numeric(14,4);
    create table orders (
        order_id text, ordered_at timestamp, amount numeric(12,2), loose numeric, wide numeric(60,30), cents cents, small smallint, whole integer,
        real_ real, double_ double precision, flag boolean, day date, zoned timestamptz, key uuid, doc jsonb, list int[], mood mood,
        padded char(5), clock time, span interval, cash money, photo bytea, "Odd ""Name" text
    )
"""


def test_every_type_lands_as_itself_or_as_its_text(postgres, erp_source, make_home):
    postgres.run(ODD)
    postgres.run(
        """insert into orders values ('7', '2025-03-01 10:00:00.123456', 10.50, 12345678901234567890.1234567890123, 1.000000000000000000000000000001,
        -5.0001, -3, 2147483647, 0.1, 1e300, true, '2024-02-29', '2025-03-01 10:00+05:30', '5d9f0d0e-8f0b-4d0c-9d0e-000000000001', '{"a": [1]}',
        '{1,NULL,3}', 'ok', 'ab', '23:59:59.5', '1 year 2 days', 12.34, '\\x00ff', 'x')""",
        "insert into orders (order_id, ordered_at, amount) values ('8', '2025-03-01', 1)",
    )
    home = make_home(erp_source())
    land(home)
    (batch,) = active_batches(home, source_of(home))
    types = {name: sql_type for name, sql_type in batch.columns.items() if sql_type != "VARCHAR"}
    assert types == {
        "ordered_at": "TIMESTAMP",
        "amount": "DECIMAL(12,2)",
        "cents": "DECIMAL(14,4)",
        "small": "SMALLINT",
        "whole": "INTEGER",
        "real_": "FLOAT",
        "double_": "DOUBLE",
        "flag": "BOOLEAN",
        "day": "DATE",
        "zoned": "TIMESTAMP WITH TIME ZONE",
        "key": "UUID",
    }
    assert "photo" not in batch.columns, "bytes that nobody reads are left where they are"
    texts = 'loose, wide, doc, list, mood, padded, clock, span, cash, "Odd ""Name"'
    assert written(home, texts)[0] == (
        "12345678901234567890.1234567890123",
        "1.000000000000000000000000000001",
        '{"a": [1]}',
        "{1,NULL,3}",
        "ok",
        "ab",
        "23:59:59.5",
        "1 year 2 days",
        "12.34",
        "x",
    )
    exact = "cast(ordered_at as varchar), amount, cents, small, whole, double_, flag, day, cast(zoned as varchar), cast(key as varchar)"
    assert written(home, exact)[0] == (
        "2025-03-01 10:00:00.123456",
        Decimal("10.50"),
        Decimal("-5.0001"),
        -3,
        2147483647,
        1e300,
        True,
        dt.date(2024, 2, 29),
        "2025-03-01 04:30:00+00",
        "5d9f0d0e-8f0b-4d0c-9d0e-000000000001",
    )
    assert written(home, "cents, key, doc")[1] == (None, None, None)


def test_values_without_an_exact_place_reach_quarantine_whole(postgres, erp_source, make_home):
    postgres.run(
        "create table orders (order_id int, ordered_at timestamp, amount numeric(12,2), unread date)",
        "insert into orders values (1, '2025-01-01', 5, 'infinity'), (2, 'infinity', 5, null), (3, '2025-01-01', 'NaN', null), "
        "(4, '-infinity', 'NaN', null), (5, '294276-01-01', 5, null), (6, '0044-03-15 BC', 5, null), (7, '2025-01-01', null, null)",
    )
    home = make_home(erp_source())
    assert land(home)["malformed_rows"] == 5
    found = rows(home, "order_id, net_amount, _problems[1].reason, _problems[1].value, _raw")
    assert found[0][:4] == ("1", Decimal("5.00"), None, None), "what no mapping reads condemns nobody"
    assert '"unread":"infinity"' in found[0][4], "and is not lost either"
    assert [row[2:4] for row in found[1:6]] == [
        ("MALFORMED_ROW", "ordered_at is infinity"),
        ("MALFORMED_ROW", "amount is NaN"),
        ("MALFORMED_ROW", "amount is NaN; ordered_at is -infinity"),
        ("MALFORMED_ROW", "ordered_at is 294276-01-01 00:00:00"),
        ("MALFORMED_ROW", "ordered_at is 0044-03-15 00:00:00 BC"),
    ]
    assert '"amount":"NaN"' in found[2][4]
    assert found[6][2] == "MISSING_REQUIRED"


def test_numbers_of_no_precision_are_text_and_their_nan_is_named(postgres, erp_source, make_home):
    postgres.run(
        "create table orders (order_id int, ordered_at date, amount numeric)",
        "insert into orders values (1, '2025-01-01', 10.10), (2, '2025-01-01', 'NaN'), (3, '2025-01-01', 'Infinity'), (4, '2025-01-01', 1.005)",
    )
    home = make_home(erp_source())
    land(home)
    assert rows(home, "order_id, net_amount, _problems[1].reason, _problems[1].value") == [
        ("1", Decimal("10.10"), None, None),
        ("2", None, "BAD_NUMBER", "NaN"),
        ("3", None, "BAD_NUMBER", "Infinity"),
        ("4", None, "TOO_MANY_DECIMALS", "1.005"),
    ]


def test_text_numbers_are_not_read_with_other_marks(postgres, erp_source, make_home):
    postgres.run(
        "create table orders (order_id int, ordered_at date, amount numeric)", "insert into orders values (1, '2025-01-01', 10.500)"
    )
    home = make_home(erp_source(decimal="','", thousands="'.'"))
    with pytest.raises(SourceError, match="without precision"):
        land(home)


def test_bytes_that_are_asked_for_are_refused(postgres, erp_source, make_home):
    postgres.run("create table orders (order_id bytea, ordered_at date, amount numeric(8,2))")
    with pytest.raises(SourceError, match="'order_id' holds bytes"):
        land(make_home(erp_source()))


def test_a_query_and_named_columns_are_read_as_they_are(postgres, erp_source, make_home):
    postgres.run(TABLE, ROWS)
    query = f"\"select order_id, ordered_at, amount * 2 as amount, '50 %' as note from {postgres.schema}.orders where order_id % 2 = 1;\""
    home = make_home(erp_source(table=None, query=query))
    land(home)
    assert rows(home) == [("1", Decimal("3.00")), ("3", Decimal("7.00")), ("5", Decimal("11.00"))]
    home = make_home(erp_source(columns="[order_id, ordered_at, amount]"))
    land(home)
    assert list(active_batches(home, source_of(home))[0].columns) == ["order_id", "ordered_at", "amount"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"table": "'orders; drop table orders'"}, "is not a name"),
        ({"table": "a.b.c"}, "is not a name"),
        ({"table": None, "query": "'select 1; select 2'"}, "without a ';'"),
        ({"query": "select 1"}, "either 'table' or 'query'"),
        ({"load": "incremental"}, "needs a 'cursor'"),
        ({"load": "incremental", "cursor": "at", "columns": "[order_id]"}, "must be among 'columns'"),
        ({"connection": "'a b'"}, "connection"),
        ({"load": "files"}, "load"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(postgres, erp_source, make_home, settings, said):
    home = make_home(erp_source(**settings))
    with pytest.raises(ConfigurationError, match=said):
        source_of(home)


def test_hostile_names_are_quoted(postgres, erp_source, make_home):
    name = 'or"d; drop table x'
    postgres.run(
        f'create table "{name.replace(chr(34), chr(34) * 2)}" (order_id int, ordered_at date, amount numeric(8,2), "a\'b{{}} %s" text)'
    )
    postgres.run(f"insert into \"{name.replace(chr(34), chr(34) * 2)}\" values (1, '2025-01-01', 2, '''; drop schema')")
    quoted = name.replace('"', '""')
    home = make_home(erp_source(table=f"'{postgres.schema}.\"{quoted}\"'"))
    land(home)
    assert rows(home) == [("1", Decimal("2.00"))]


@pytest.mark.parametrize("password", ["wr0ng secret'", "p@ss:w/rd%"])
def test_a_wrong_password_is_never_shown(postgres, erp_source, make_home, monkeypatch, password):
    postgres.run(TABLE, ROWS)
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri(password=password))
    home = make_home(erp_source())
    with pytest.raises(SourceError, match="connection 'erp'") as caught:
        land(home)
    assert password not in f"{caught.value} {caught.value!r} {caught.value.__context__!r}"
    assert "password authentication failed" in str(caught.value)
    nothing_landed(home)


def test_the_password_stands_nowhere_in_the_home(postgres, erp_source, make_home):
    postgres.run(TABLE, ROWS)
    home = make_home(erp_source())
    land(home)
    for path in home.root.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes()


def test_the_session_only_reads_and_names_itself(postgres, erp_source, make_home):
    postgres.run(TABLE, ROWS, "create sequence counted", "grant usage on sequence counted to reader")
    seen = "current_setting('application_name') || ' ' || current_setting('transaction_read_only') || ' ' || current_setting('transaction_isolation')"
    query = f'"select {seen} as order_id, now() as ordered_at, 1::numeric(8,2) as amount"'
    home = make_home(erp_source(table=None, query=query))
    land(home)
    assert rows(home, "order_id") == [("goodwill on repeatable read",)]
    home = make_home(
        erp_source(table=None, query=f"\"select nextval('{postgres.schema}.counted') as order_id, now() as ordered_at, 1 as amount\"")
    )
    with pytest.raises(SourceError, match="read-only"):
        land(home)


@pytest.mark.parametrize("view", [False, True])
def test_rows_that_come_meanwhile_are_neither_read_nor_counted(postgres, erp_source, make_home, monkeypatch, view):
    postgres.run(
        TABLE, ROWS, "create view dated as select order_id, now() as ordered_at, amount from orders", "grant select on dated to reader"
    )
    honest = connector._copy

    def meanwhile(*given):
        postgres.run("insert into orders select order_id + 100, ordered_at, amount, updated_at from orders")
        honest(*given)

    monkeypatch.setattr(connector, "_copy", meanwhile)
    home = make_home(erp_source(table=f"{postgres.schema}.{'dated' if view else 'orders'}"))
    assert land(home)["rows"] == 5


def test_a_statement_that_takes_too_long_is_ended_at_the_server(postgres, erp_source, make_home):
    query = '"select 1 as order_id, now() as ordered_at, 1 as amount from (select pg_sleep(20)) as slept"'
    home = make_home(erp_source(table=None, query=query, timeout_seconds=0.5))
    with pytest.raises(SourceError, match="statement timeout"):
        land(home)


def test_an_empty_table_is_refused_unless_it_may_be(postgres, erp_source, make_home):
    postgres.run(TABLE)
    with pytest.raises(SourceError, match="is empty"):
        land(make_home(erp_source()))
    home = make_home(erp_source(empty_allowed="true"))
    assert land(home)["rows"] == 0
    assert rows(home) == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("mysql://u:s3cret@h/d", "is not PostgreSQL"),
        ("postgresql://u:s3cret@h/d?ssl_mode=require", "unknown option 'ssl_mode'"),
        ("postgresql://u:s3cret@h:port/d", "cannot be read"),
    ],
)
def test_a_connection_that_means_something_else_is_refused(postgres, erp_source, make_home, monkeypatch, uri, said):
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", uri)
    with pytest.raises(ConfigurationError, match=said) as caught:
        land(make_home(erp_source()))
    assert "s3cret" not in str(caught.value)


def test_a_missing_connection_names_both_ways(postgres, erp_source, make_home, monkeypatch):
    monkeypatch.delenv("GOODWILL_CONNECTION_ERP")
    with pytest.raises(ConfigurationError, match="'erp' is not known") as caught:
        land(make_home(erp_source()))
    assert "Airflow" in str(caught.value)
    assert "GOODWILL_CONNECTION_ERP" in str(caught.value)


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        ("select * from ({}) as rows limit 4", "rows: 5 at the server, 4 read"),
        ("select * from ({0}) as rows union all (select * from ({0}) as again limit 1)", "rows: 5 at the server, 6 read"),
        (
            "select order_id, ordered_at, (amount + 0.01)::numeric(12,2) as amount, updated_at from ({}) as rows",
            "'amount'",
        ),
        ("select order_id, null::timestamptz as ordered_at, amount, updated_at from ({}) as rows", "'ordered_at'"),
    ],
)
def test_what_is_lost_doubled_or_changed_on_the_way_lands_nothing(postgres, erp_source, make_home, monkeypatch, flaw, said):
    postgres.run(TABLE, ROWS)
    honest = Asked.rows
    monkeypatch.setattr(Asked, "rows", lambda asked, limit=None: flaw.format(honest(asked, limit)))
    home = make_home(erp_source())
    with pytest.raises(SourceError, match="not what the server counted") as caught:
        land(home)
    assert said in str(caught.value)
    nothing_landed(home)


moments = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999))
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
KINDS = {
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "numeric(12,2)": st.decimals(-(10**10) + 1, 10**10 - 1, places=2),
    "numeric(38,10)": st.decimals(-(10**28) + 1, 10**28 - 1, places=10),
    "numeric(4,4)": st.decimals(Decimal("-0.9999"), Decimal("0.9999"), places=4),
    "numeric": st.decimals(-(10**25), 10**25, places=13),
    "real": st.floats(width=32, allow_nan=True),
    "double precision": st.floats(),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamp": moments,
    "timestamptz": moments.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    "uuid": st.uuids(),
    "text": texts,
    "varchar(20)": texts,
    "jsonb": texts.map(lambda text: json.dumps({"k": text})).filter(lambda text: "\\u0000" not in text and "\\ud" not in text),
    "int[]": st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=3),
}


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6))
    row = st.tuples(*(st.one_of(st.none(), KINDS[kind]) for kind in kinds))
    return kinds, draw(st.lists(row, min_size=1, max_size=15))


def alike(landed, given, kind):
    """Whether a landed value is exactly what psycopg2 reads."""
    if given is None or landed is None:
        return landed is given
    if kind == "real":  # psycopg2 gives the double that its short text means
        given = struct.unpack("f", struct.pack("f", given))[0]
    if kind in ("real", "double precision"):
        return landed == given or (math.isnan(landed) and math.isnan(given))
    if kind == "numeric":
        return Decimal(landed) == given
    return landed == given


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_random_tables_land_as_another_driver_reads_them(postgres, erp_source, make_home, table):
    kinds, values = table
    names = [f"c{number}" for number in range(len(kinds))]
    declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    postgres.run(
        "drop table if exists orders",
        f"create table orders (order_id int, ordered_at date default '2025-01-01', amount numeric(8,2) default 1, {declared})",
    )
    for number, row in enumerate(values):
        spots = ", ".join(f"cast(%s as {kind})" for kind in kinds)
        given = tuple(str(value) if isinstance(value, uuid.UUID) else value for value in row)
        postgres.run(f"insert into orders (order_id, {', '.join(names)}) values (%s, {spots})", values=(number, *given))
    home = make_home(erp_source())
    shutil.rmtree(home.landing, ignore_errors=True)
    land(home)
    shown = ", ".join(f"{name}::text" if kind in ("uuid", "jsonb", "int[]") else name for name, kind in zip(names, kinds, strict=True))
    expected = postgres.run(f"select order_id, {shown} from orders order by order_id")
    landed = ", ".join(f"cast({name} as varchar)" if kind == "uuid" else name for name, kind in zip(names, kinds, strict=True))
    batch = active_batches(home, source_of(home))[-1]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(f"select order_id, {landed} from '{rows_file(home, batch)}' order by order_id").fetchall()
    for one, other in zip(found, expected, strict=True):
        for kind, value, wanted in zip(["integer", *kinds], one, other, strict=True):
            assert alike(value, wanted, kind), f"{kind}: {wanted!r} landed as {value!r}"


@pytest.mark.parametrize("kind", ["postgresql", "sql"])
def test_check_looks_at_the_first_rows_and_lands_nothing(postgres, erp_source, make_home, monkeypatch, kind):
    postgres.run(TABLE, ROWS)
    monkeypatch.setattr("goodwill.cli.checking.LOOK", 3)
    home = make_home(erp_source(connector=kind))
    (finding,) = check_home(home)
    assert (finding.error, finding.rows, finding.counts) == ("", 3, {"orders": (3, 0)})
    assert not (home.landing / "erp").exists()
