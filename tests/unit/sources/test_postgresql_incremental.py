"""PostgreSQL night by night: what is new by the cursor, what comes late, what was changed or removed behind its back, and what a cut leaves."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal
from urllib.parse import quote

import duckdb
import pytest
from goodwill.clock import now
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.batches import read_manifests
from goodwill.sources import load_sources
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.postgres import PASSWORD

TABLE = "create table orders (order_id int, ordered_at timestamptz, amount numeric(12,2), updated_at timestamptz)"
INCREMENTAL = {"load": "incremental", "cursor": "updated_at"}


def source_of(home):
    return load_sources(home.sources_file).sources[0]


def land(home):
    return land_source(home, source_of(home), "UTC")


def active_rows(home):
    """Order → amount, as staging would choose: the batch that speaks last wins."""
    batches = [batch.batch_id for batch in active_batches(home, source_of(home))]
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    rows = duckdb.sql(f"select order_id, net_amount, _batch_id, _row_no from ({view})").fetchall()
    return {key: amount for key, amount, *_ in sorted(rows, key=lambda row: (batches.index(row[2]), row[3]))}


def newest(home):
    return read_manifests(home, "erp")[-1]


def put(postgres, *rows):
    """Insert `(order, amount, updated_at)`."""
    for key, amount, at in rows:
        postgres.run("insert into orders values (%s, '2025-01-01', %s, %s)", values=(key, amount, at))


def pretend_whole_is_older(home, days):
    """Date the whole pulls back."""
    for path in (home.landing / "erp").glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        if manifest["whole"]:
            manifest["extracted_at"] = (now() - dt.timedelta(days=days)).isoformat(sep=" ", timespec="milliseconds")
            path.write_text(json.dumps(manifest))


def test_the_first_pull_is_whole_and_the_next_reads_from_the_look_back_on(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-05"), (3, 3, "2025-01-05 12:00"))
    home = make_home(erp_source(**INCREMENTAL))
    assert land(home)["rows"] == 3
    assert (newest(home).whole, newest(home).cursor_low, newest(home).cursor_high) == (
        True,
        "2025-01-01 00:00:00+00",
        "2025-01-05 12:00:00+00",
    )
    put(postgres, (4, 4, "2025-01-06"), (5, 5, "2025-01-04 12:00"), (6, 6, "2025-01-04 11:59"))
    assert land(home)["rows"] == 4, "2, 3, 4 and 5, which is at the very edge; 6 is later than the source says it can be"
    assert not newest(home).whole
    assert set(active_rows(home)) == {"1", "2", "3", "4", "5"}
    land(home)
    assert land(home)["batches"] == 0, "the same rows again are no news"


@pytest.mark.parametrize(
    ("kind", "values", "look_back", "read"),
    [
        ("bigint", [10, 20, 30], 5, {"3", "4"}),
        ("numeric(10,2)", ["10.00", "20.00", "30.50"], 10.5, {"2", "3", "4"}),
        ("double precision", [1.5, 2.5, 3.5], 0.5, {"3", "4"}),
        ("date", ["2025-01-01", "2025-01-02", "2025-01-03"], 1, {"2", "3", "4"}),
        ("timestamp", ["2025-01-01", "2025-01-02", "2025-01-03 06:00"], 0.5, {"3", "4"}),
        ("integer", [-(2**31), 0, 2**31 - 1], 0, {"3", "4"}),
    ],
)
def test_any_ordered_column_can_be_the_cursor(postgres, erp_source, make_home, kind, values, look_back, read):
    postgres.run(f"create table orders (order_id int, ordered_at date default '2025-01-01', amount numeric(9,2) default 1, mark {kind})")
    for key, value in enumerate(values, 1):
        postgres.run("insert into orders (order_id, mark) values (%s, %s)", values=(key, value))
    home = make_home(erp_source(load="incremental", cursor="mark", look_back=look_back))
    land(home)
    postgres.run("insert into orders (order_id, mark) values (4, %s)", values=(values[-1],))
    assert land(home)["rows"] == len(read)
    assert not newest(home).whole


def test_a_text_is_no_cursor(postgres, erp_source, make_home):
    postgres.run("create table orders (order_id int, ordered_at date, amount numeric(9,2), mark text)")
    with pytest.raises(SourceError, match="neither a date, a time stamp nor a number"):
        land(make_home(erp_source(load="incremental", cursor="mark")))


def test_rows_without_a_cursor_are_read_every_time_and_said_so(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, None), (2, 2, "2025-01-01"), (3, 3, "2025-02-01"), (4, 4, "-infinity"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    assert newest(home).totals["orders"].notes == {"updated_at:NO_CURSOR": 1}
    postgres.run("update orders set amount = 10 where order_id in (1, 4)")
    assert land(home)["rows"] == 3
    assert active_rows(home) == {"1": 10, "2": 2, "3": 3, "4": 10}


def test_a_clock_that_was_ahead_hides_nothing(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2999-01-01"), (3, 3, "infinity"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    assert newest(home).cursor_high == "2025-01-01 00:00:00+00", "the mark never lies in the future"
    put(postgres, (4, 4, "2025-01-01"), (5, 5, "2025-01-02"))
    land(home)
    assert set(active_rows(home)) == {"1", "2", "3", "4", "5"}


def test_the_mark_never_falls(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-10"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    postgres.run("delete from orders where order_id = 2")
    put(postgres, (3, 3, "2025-01-09 12:00"))
    land(home)
    assert newest(home).cursor_high == "2025-01-10 00:00:00+00"


def test_a_pull_with_nothing_new_lands_nothing_but_an_emptied_table_is_an_error(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-10"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    postgres.run("delete from orders where order_id = 2")
    assert land(home)["batches"] == 0
    postgres.run("delete from orders")
    with pytest.raises(SourceError, match="is empty"):
        land(home)


def test_all_is_read_again_when_it_is_due_and_removed_rows_are_counted(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-02"), (3, 3, "2025-01-20"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    put(postgres, (4, 4, "2025-01-21"))
    land(home)
    postgres.run("delete from orders where order_id in (2, 4)", "update orders set amount = 100 where order_id = 1")
    land(home)
    assert active_rows(home) == {"1": 1, "2": 2, "3": 3, "4": 4}, "the cursor cannot see it"
    pretend_whole_is_older(home, 6.9)
    land(home)
    assert not newest(home).whole
    pretend_whole_is_older(home, 7)
    assert land(home)["rows"] == 2
    assert newest(home).whole
    assert newest(home).totals["orders"].notes == {"key:VANISHED": 2, "updated_at:MISSED": 1}, "a change that left the cursor alone"
    assert active_rows(home) == {"1": 100, "3": 3}
    put(postgres, (5, 5, "2025-01-22"))
    assert land(home)["rows"] == 2, "from the look-back on, of the newest whole pull"
    assert not newest(home).whole
    assert set(active_rows(home)) == {"1", "3", "5"}


@pytest.mark.parametrize(
    ("kind", "values", "look_back", "missed"),
    [
        ("timestamptz", ["2025-01-01", "2025-01-20", "2025-01-18 23:00", "2025-01-19 01:00"], 1, 1),
        ("date", ["2025-01-01", "2025-01-20", "2025-01-17", "2025-01-19"], 1, 1),
        ("bigint", ["1", "60", "54", "55"], 5, 1),
        ("numeric(10,1)", ["1", "60", "54.9", "55"], 5, 1),
    ],
)
def test_rows_that_came_behind_the_mark_are_counted_when_all_is_read_again(
    postgres, erp_source, make_home, kind, values, look_back, missed
):
    first, last, late, within = values
    postgres.run(f"create table orders (order_id int, ordered_at timestamptz, amount numeric(12,2), updated_at {kind})")
    put(postgres, (1, 1, first), (2, 2, last))
    home = make_home(erp_source(**INCREMENTAL | {"look_back": look_back}))
    land(home)
    put(postgres, (3, 3, late), (4, 4, within))
    pretend_whole_is_older(home, 7)
    land(home)
    assert newest(home).totals["orders"].notes == {"updated_at:MISSED": missed}


def test_a_due_pull_that_finds_nothing_is_on_record_and_not_due_tomorrow(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    pretend_whole_is_older(home, 8)
    assert land(home)["batches"] == 1
    assert [batch.whole for batch in active_batches(home, source_of(home))] == [True]
    land(home)
    assert [batch.whole for batch in active_batches(home, source_of(home))] in ([True], [True, False])


def test_without_a_day_named_only_the_first_pull_is_whole(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-20"))
    home = make_home(erp_source(**INCREMENTAL, full_every_days="null"))
    land(home)
    pretend_whole_is_older(home, 1000)
    put(postgres, (3, 3, "2025-01-20"))
    assert land(home)["rows"] == 2


def test_other_settings_of_reading_read_all_again(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-20"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    home = make_home(erp_source(**INCREMENTAL, currency="USD"))
    assert land(home)["rows"] == 2
    home = make_home(erp_source(**INCREMENTAL, currency="USD", look_back=3, timeout_seconds=60))
    assert land(home)["rows"] == 1, "how far back and how long are no matter of reading"


def test_a_full_pull_counts_what_vanished(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-20"), (3, 3, None))
    home = make_home(erp_source())
    land(home)
    assert newest(home).totals["orders"].notes == {}
    postgres.run("delete from orders where order_id > 1")
    put(postgres, (4, 4, None))
    land(home)
    assert newest(home).totals["orders"].notes == {"key:VANISHED": 2}


def test_what_vanished_is_counted_where_a_source_is_pulled_whole_from_now_on(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"), (2, 2, "2025-01-10"))
    home = make_home(erp_source(**INCREMENTAL))
    land(home)
    put(postgres, (3, 3, "2025-01-20"))
    land(home)
    postgres.run("delete from orders where order_id in (1, 3)")
    home = make_home(erp_source())
    land(home)
    assert newest(home).totals["orders"].notes == {"key:VANISHED": 2}


def test_a_column_more_is_named_and_a_column_less_blocks(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"))
    home = make_home(erp_source())
    land(home)
    postgres.run("alter table orders add column note text", "alter table orders alter column amount type numeric(14,2)")
    assert land(home)["changes"] == 2
    assert {(change["kind"], change["column"]) for change in newest(home).drift} == {("added", "note"), ("retyped", "amount")}
    postgres.run("alter table orders rename column amount to amounts")
    with pytest.raises(SourceError, match="'amount' may now be 'amounts'"):
        land(home)
    assert active_rows(home) == {"1": 1}, "what landed before stays"


RELAY = """
import socket, sys, threading
target, allowed = sys.argv[1], int(sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
lock, sent = threading.Lock(), 0
def pump(source, sink, counted):
    global sent
    while data := source.recv(65536):
        if counted:
            with lock:
                sent += len(data)
                if sent > allowed:
                    import os
                    os._exit(0)
        sink.sendall(data)
while True:
    client, _ = listener.accept()
    server = socket.socket(socket.AF_UNIX)
    server.connect(target)
    threading.Thread(target=pump, args=(client, server, False), daemon=True).start()
    threading.Thread(target=pump, args=(server, client, True), daemon=True).start()
"""


class Relay:
    """A process between client and server that dies after so many bytes from the server."""

    def __init__(self, socket_folder, allowed):
        self.process = subprocess.Popen(
            [sys.executable, "-c", RELAY, f"{socket_folder}/.s.PGSQL.5432", str(allowed)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("share", [0.0001, 0.002, 0.1, 0.5, 0.99])
def test_a_connection_cut_while_reading_lands_nothing_and_the_next_night_all(postgres, erp_source, make_home, monkeypatch, share):
    rows = 60_000
    postgres.run(TABLE, f"insert into orders select g, '2025-01-01', g, '2025-01-01' from generate_series(1, {rows}) g")
    size = rows * 50  # bytes a row takes in a binary copy of these columns, less a little
    uri = "postgresql://reader:{}@127.0.0.1:{}/postgres"
    with Relay(postgres.socket, int(size * share)) as relay:
        monkeypatch.setenv("GOODWILL_CONNECTION_ERP", uri.format(quote(PASSWORD, safe=""), relay.port))
        home = make_home(erp_source())
        with pytest.raises(SourceError, match="connection 'erp'"):
            land(home)
        assert relay.process.wait(timeout=5) == 0, "the relay did not die: nothing was cut"
    assert list((home.landing / "erp").iterdir()) == []
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", postgres.uri())
    assert land(home)["rows"] == rows


def test_a_session_ended_by_the_server_lands_nothing(postgres, erp_source, make_home):
    postgres.run(TABLE)
    put(postgres, (1, 1, "2025-01-01"))
    query = f'"select order_id, ordered_at, amount from {postgres.schema}.orders, (select pg_sleep(5)) as slept"'
    home = make_home(erp_source(table=None, query=query))

    def end_it():
        for _ in range(50):
            time.sleep(0.1)
            ended = postgres.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'goodwill' and query like '%pg_sleep(5)%'"
                " and state = 'active' and now() - query_start > interval '0.3 s'"
            )
            if ended:
                return

    killer = threading.Thread(target=end_it)
    killer.start()
    try:
        with pytest.raises(SourceError, match="connection 'erp'"):
            land(home)
    finally:
        killer.join()
    assert list((home.landing / "erp").iterdir()) == []


def test_a_server_that_is_not_there_is_named(postgres, erp_source, make_home, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", f"postgresql://reader:hidden@127.0.0.1:{port}/postgres")
    with pytest.raises(SourceError, match="Connection refused") as caught:
        land(make_home(erp_source()))
    assert "hidden" not in str(caught.value)


steps = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "late", "silent", "delete", "undated"]), st.integers(1, 12), st.integers(1, 999), st.booleans()
    ),
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(steps, min_size=1, max_size=4))
def test_night_by_night_ends_where_one_full_pull_does(postgres, erp_source, make_home, tmp_path_factory, nights):
    """Whatever happens between the nights: a whole pull at the end finds what no cursor shows, and nothing is lost on the way."""
    postgres.run("drop table if exists orders", TABLE)
    put(postgres, (0, 0, "2025-01-01"))
    home = make_home(erp_source(**INCREMENTAL))
    shutil.rmtree(home.landing, ignore_errors=True)
    seen = {}
    for day, night in enumerate(nights, 1):
        at = dt.datetime(2025, 1, 1) + dt.timedelta(days=day)
        for what, key, amount, tie in night:
            stamp = {"late": at - dt.timedelta(hours=20), "undated": None}.get(what, at if tie else at + dt.timedelta(minutes=amount))
            if what == "delete":
                postgres.run("delete from orders where order_id = %s", values=(key,))
            elif what == "silent":
                postgres.run("update orders set amount = %s where order_id = %s", values=(amount, key))
            else:
                postgres.run("delete from orders where order_id = %s", values=(key,))
                put(postgres, (key, amount, stamp))
                seen[str(key)] = Decimal(amount)
        land(home)
        assert set(active_rows(home)) >= {str(key) for (key,) in postgres.run("select order_id from orders")}, (
            "a row that is there was missed"
        )
    pretend_whole_is_older(home, 30)
    land(home)
    assert active_rows(home) == {str(key): amount for key, amount in postgres.run("select order_id, amount from orders")}
