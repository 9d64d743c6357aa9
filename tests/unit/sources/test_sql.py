"""Any SQLAlchemy database, tried on SQLite and on PostgreSQL: exact text, control totals, incremental by any kind of cursor."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract import land_source, landed_view
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.sources import load_sources
from goodwill.sources.connectors.sql import part as connector
from goodwill.sources.databases import Measure, as_text

from tests.postgres import PASSWORD

TABLE = "create table orders (order_id integer, ordered_at text, amount numeric, updated_at text)"


@pytest.fixture
def lite(tmp_path, monkeypatch):
    """A SQLite file, reached by the connection `erp`: `lite(statement, …)` runs statements in it."""
    path = tmp_path / "erp.db"
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", f"sqlite:///{path}")

    def run(*statements):
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                found = database.execute(statement).fetchall()
            database.commit()
            return found

    return run


def source_of(home):
    return load_sources(home.sources_file).sources[0]


def land(home):
    return land_source(home, source_of(home), "UTC")


def rows(home, columns="order_id, net_amount, _problems[1].reason"):
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    return duckdb.sql(f"select {columns} from ({view}) order by _extracted_at, _row_no").fetchall()


def newest(home):
    return read_manifests(home, "erp")[-1]


def test_what_sqlite_adds_up_in_floats_is_read_to_the_cent(lite, sql_source, make_home):
    lite(
        TABLE.replace("numeric", "real"),
        "insert into orders values (1, '2025-01-01', 0.1 + 0.2, '2025-01-01'), (2, '2025-01-01', 0.305, '2025-01-01')",
    )
    home = make_home(sql_source())
    land(home)
    assert rows(home) == [("1", Decimal("0.30"), None), ("2", None, "TOO_MANY_DECIMALS")]


def test_a_table_of_sqlite_lands_as_exact_text(lite, sql_source, make_home):
    lite(
        TABLE,
        "insert into orders values (1, '2025-01-01 10:00', 10.1, null), (2, '2025-01-02', 1e15, null), (3, 'x', 1e-7, null), "
        "(4, '2025-01-02', 'NaN', null), (9007199254740993, '2025-01-02', 5, null)",
    )
    home = make_home(sql_source())
    assert land(home) == {"batches": 1, "rows": 5, "malformed_rows": 0, "changes": 0}
    assert rows(home) == [
        ("1", Decimal("10.10"), None),
        ("2", Decimal("1000000000000000.00"), None),
        ("3", None, "BAD_TIMESTAMP"),
        ("4", None, "BAD_NUMBER"),
        ("9007199254740993", Decimal("5.00"), None),
    ]
    assert land(home)["batches"] == 0


@pytest.mark.parametrize("uri", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_postgresql_by_its_plain_name(postgres, sql_source, make_home, monkeypatch, uri):
    postgres.run(
        "create table orders (order_id bigint, ordered_at timestamptz, amount numeric, flag boolean, doc jsonb, day date, list int[], f double precision)",
        """insert into orders values (1, '2025-01-01 10:00+02', 12345678901234.50, true, '{"é": 1}', '2024-02-29', '{1,2}', 0.1), """
        "(2, '2025-01-01', 'NaN', null, null, null, null, 'NaN'), (3, '2025-01-01', 1e-3, false, null, null, null, 1e22)",
    )
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri().replace("postgresql", uri, 1))
    home = make_home(sql_source(table=f"{postgres.schema}.orders"))
    land(home)
    assert rows(home, "order_id, ordered_at, net_amount, _problems[1].reason") == [
        ("1", dt.datetime(2025, 1, 1, 8), Decimal("12345678901234.50"), None),
        ("2", dt.datetime(2025, 1, 1), None, "BAD_NUMBER"),
        ("3", dt.datetime(2025, 1, 1), None, "TOO_MANY_DECIMALS"),
    ]
    file = rows_file(home, newest(home))
    assert duckdb.sql(f"select flag, doc, day, list, f from '{file}' order by __row_no").fetchall() == [
        ("true", '{"é": 1}', "2024-02-29", "[1, 2]", "0.1"),
        (None, None, None, None, "NaN"),
        ("false", None, None, None, "10000000000000000000000"),
    ]


def test_a_query_keeps_its_colons_and_its_percent_signs(postgres, sql_source, make_home):
    query = "\"select 7::int as order_id, '2025-01-01 10:30:00' as ordered_at, 50.0 as amount, '5 %' as note where 'a' like '%a%'\""
    home = make_home(sql_source(table=None, query=query))
    land(home)
    assert rows(home, "order_id, cast(ordered_at as varchar)") == [("7", "2025-01-01 10:30:00")]


def test_many_rows_are_streamed_and_numbered_once(lite, sql_source, make_home):
    lite(
        TABLE,
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000) insert into orders select i, '2025-01-01', i, null from n",
    )
    home = make_home(sql_source())
    assert land(home)["rows"] == 25_000
    assert newest(home).totals["orders"].amount == Decimal(25_000 * 25_001 // 2)
    numbers = [number for (number,) in rows(home, "_row_no")]
    assert numbers == list(range(1, 25_001))


def test_totals_that_disagree_land_nothing(lite, sql_source, make_home, monkeypatch):
    """The database's answer is changed by a cent on its way: as a lost or doubled row would look."""
    lite(TABLE, "insert into orders values (1, '2025-01-01', 10.10, null), (2, '2025-01-01', 20.20, null)")
    honest = connector._totals

    def by_a_cent(*given):
        return {m: ("30.31" if m == Measure("sum", "amount") else figure) for m, figure in honest(*given).items()}

    home = make_home(sql_source())
    monkeypatch.setattr(connector, "_totals", by_a_cent)
    with pytest.raises(SourceError, match=r"the sum of 'amount': 30.31 at the server"):
        land(home)
    assert read_manifests(home, "erp") == []
    monkeypatch.setattr(connector, "_totals", honest)
    assert land(home)["rows"] == 2


def test_incremental_by_text_times_loses_nothing(lite, sql_source, make_home):
    lite(
        TABLE,
        "insert into orders values (1, '2025-01-01', 1, '2025-01-01T10:00:00'), (2, '2025-01-01', 2, '2025-01-10 10:00:00'), "
        "(3, '2025-01-01', 3, null), (4, '2025-01-01', 4, ''), (5, '2025-01-01', 5, '2999-01-01')",
    )
    home = make_home(sql_source(load="incremental", cursor="updated_at"))
    assert land(home)["rows"] == 5
    assert (newest(home).cursor_low, newest(home).cursor_high) == ("2025-01-01T10:00:00", "2025-01-10 10:00:00")
    assert newest(home).totals["orders"].notes == {"updated_at:NO_CURSOR": 2}
    lite("insert into orders values (6, '2025-01-01', 6, '2025-01-10 10:00:00'), (7, '2025-01-01', 7, '2025-01-09T10:00:00')")
    assert land(home)["rows"] == 6
    assert {row[0] for row in rows(home)} == {"1", "2", "3", "4", "5", "6", "7"}
    assert not newest(home).whole
    lite("delete from orders where updated_at like '2025-01-10%'")
    land(home)
    assert newest(home).cursor_high == "2025-01-10 10:00:00", "the mark never falls"


@pytest.mark.parametrize(
    ("kind", "values", "look_back", "read"),
    [
        ("bigint", [10, 20, 30], 5, 2),
        ("numeric(10,2)", ["10.00", "20.00", "30.50"], 10.5, 3),
        ("double precision", [1.5, 2.5, 3.5], 0.5, 2),
        ("date", ["2025-01-01", "2025-01-02", "2025-01-03"], 1, 3),
        ("timestamp", ["2025-01-01", "2025-01-02", "2025-01-03 06:00"], 0.5, 2),
        ("timestamptz", ["2025-01-01", "2025-01-02", "2025-01-03 06:00"], 0.5, 2),
    ],
)
def test_incremental_by_any_kind_of_cursor(postgres, sql_source, make_home, kind, values, look_back, read):
    postgres.run(f"create table orders (order_id int, ordered_at date default '2025-01-01', amount numeric(9,2) default 1, mark {kind})")
    for key, value in enumerate(values, 1):
        postgres.run("insert into orders (order_id, mark) values (%s, %s)", values=(key, value))
    home = make_home(sql_source(table=f"{postgres.schema}.orders", load="incremental", cursor="mark", look_back=look_back))
    land(home)
    postgres.run("insert into orders (order_id, mark) values (4, %s)", values=(values[-1],))
    assert land(home)["rows"] == read
    assert not newest(home).whole


def test_a_cursor_of_another_kind_than_it_was_is_refused(lite, sql_source, make_home):
    lite(TABLE, "insert into orders values (1, '2025-01-01', 1, '2025-01-01')")
    home = make_home(sql_source(load="incremental", cursor="updated_at"))
    land(home)
    lite("drop table orders", TABLE.replace("updated_at text", "updated_at integer"), "insert into orders values (1, '2025-01-01', 1, 5)")
    with pytest.raises(SourceError, match="neither a number nor an ISO time"):
        land(home)


def test_an_empty_or_missing_table_and_a_missing_file_are_named(lite, sql_source, make_home, monkeypatch, tmp_path):
    lite(TABLE)
    with pytest.raises(SourceError, match="is empty"):
        land(make_home(sql_source()))
    assert land(make_home(sql_source(empty_allowed="true")))["rows"] == 0
    with pytest.raises(SourceError, match="no such table: nowhere"):
        land(make_home(sql_source(table="nowhere")))
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", f"sqlite:///{tmp_path}/not there.db")
    with pytest.raises(ConfigurationError, match="there is no file"):
        land(make_home(sql_source()))
    assert not (tmp_path / "not there.db").exists()


def test_bytes_are_refused_where_they_are_read(lite, sql_source, make_home):
    lite(
        "create table orders (order_id integer, ordered_at text, amount numeric, photo blob)",
        "insert into orders values (1, '2025-01-01', 1, x'00ff')",
    )
    home = make_home(sql_source())
    land(home)
    assert duckdb.sql(f"select photo from '{rows_file(home, newest(home))}'").fetchall() == [("00ff",)]
    lite("update orders set order_id = x'01'")
    with pytest.raises(SourceError, match="'order_id' holds bytes"):
        land(home)


def test_names_that_collide_or_are_not_there_are_refused(postgres, sql_source, make_home):
    postgres.run(TABLE)
    query = """'select 1 as order_id, 2 as "ORDER_ID", 3 as amount'"""
    with pytest.raises(SourceError, match="'ORDER_ID' is there twice"):
        land(make_home(sql_source(table=None, query=query)))
    with pytest.raises(SourceError, match="no column nope"):
        land(make_home(sql_source(table=f"{postgres.schema}.orders", columns="[order_id, nope]")))


@pytest.mark.parametrize("uri", ["nothing://u:s3cret@h/d", "s3cret", "mysql+nodriver://u:s3cret@h/d", "postgresql://u:s3cret@h:port/d"])
def test_a_connection_that_cannot_be_used_is_named_without_its_secret(lite, sql_source, make_home, monkeypatch, uri):
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", uri)
    with pytest.raises(ConfigurationError, match="connection 'erp'") as caught:
        land(make_home(sql_source()))
    assert "s3cret" not in str(caught.value)


def test_a_wrong_password_is_not_shown(postgres, sql_source, make_home, monkeypatch):
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri(password="wr0ng%' one"))
    with pytest.raises(SourceError, match="password authentication failed") as caught:
        land(make_home(sql_source()))
    assert "wr0ng" not in str(caught.value)
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri())
    with pytest.raises(SourceError, match="does not exist") as caught:
        land(make_home(sql_source(table="nowhere")))
    assert PASSWORD not in str(caught.value)


def test_nothing_can_be_written(postgres, sql_source, make_home):
    postgres.run("create sequence counted", "grant usage on sequence counted to reader")
    query = f"\"select nextval('{postgres.schema}.counted') as order_id, now() as ordered_at, 1 as amount\""
    with pytest.raises(SourceError, match="read-only"):
        land(make_home(sql_source(table=None, query=query)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (7, "7"),
        (1.0, "1"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.10"), "1.10"),
        (Decimal("NaN"), "NaN"),
        (dt.datetime(2025, 1, 1, 10, tzinfo=dt.UTC), "2025-01-01 10:00:00+00:00"),
        (dt.date(2025, 1, 1), "2025-01-01"),
        (dt.time(10, 30), "10:30:00"),
        (b"\x00\xff", "00ff"),
        ({"é": [1]}, '{"é": [1]}'),
    ],
)
def test_values_as_text(value, text):
    assert as_text(value) == text


def test_a_moment_that_the_driver_has_no_value_for_is_said(postgres, sql_source, make_home, monkeypatch):
    """The driver raises an error of Python's own there; the connector of PostgreSQL sets such a row apart."""
    postgres.run(
        "create table orders (order_id int, ordered_at timestamp, amount numeric(9,2))",
        "insert into orders values (1, '2025-01-01', 1), (2, '0044-03-15 BC', 2)",
    )
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri())
    home = make_home(sql_source(table=f"{postgres.schema}.orders"))
    with pytest.raises(SourceError, match=r"orders: reading over .*: year -?\d+ is out of range"):
        land(home)


@pytest.mark.parametrize("kind", ["sql", "postgresql"])
def test_a_query_may_end_in_a_comment(postgres, sql_source, make_home, monkeypatch, kind):
    postgres.run(
        "create table orders (order_id int, ordered_at date, amount numeric(9,2))", "insert into orders values (1, '2025-01-01', 1.50)"
    )
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri())
    query = f'"select * from {postgres.schema}.orders -- of the old shop"'
    home = make_home(sql_source(connector=kind, table=None, query=query))
    land(home)
    assert rows(home, "order_id, net_amount") == [("1", Decimal("1.50"))]
