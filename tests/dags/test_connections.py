"""Secrets come from Airflow, wherever it keeps them, and show nowhere."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.postgres import PASSWORD, postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

SOURCES = """
    sources:
      - name: sales
        connector: postgresql
        connection: goodwill_sales
        table: {schema}.orders
        load: incremental
        cursor: updated_at
        entities:
          orders: {{columns: [order_id, ordered_at, contact_ref, net_amount]}}
      - name: crm
        connector: postgresql
        connection: goodwill_crm
        query: select contact_id, created_at from {schema}.contacts
        entities:
          contacts: {{columns: [contact_id, created_at]}}
"""


@pytest.fixture
def stored(airflow):
    """Keep a connection in Airflow's metadata database; it is gone after the test."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    made = []

    def store(name, uri):
        with create_session() as session:
            session.add(Connection(conn_id=name, uri=uri))
        made.append(name)

    yield store
    with create_session() as session:
        for name in made:
            session.query(Connection).filter(Connection.conn_id == name).delete()


@pytest.fixture
def home(postgres, make_home):
    postgres.run(
        "create table orders (order_id int, ordered_at timestamptz, contact_ref text, net_amount numeric(12,2), updated_at timestamptz)",
        "insert into orders select g, '2025-01-01'::timestamptz + g % 300 * interval '1 day', 'c' || g % 40, g, now() from generate_series(1, 200) g",
        "create table contacts (contact_id text, created_at timestamptz)",
        "insert into contacts select 'c' || g, '2024-12-01' from generate_series(0, 39) g",
    )
    return make_home(SOURCES.format(schema=postgres.schema))


def shown(*folders: Path) -> list[Path]:
    """Files that hold the password, as it is meant or as it is written in a URI."""
    needles = [PASSWORD.encode(), quote(PASSWORD, safe="").encode()]
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and any(needle in path.read_bytes() for needle in needles):
                found.append(path)
    return found


def test_connections_of_the_environment_and_of_airflow_feed_a_night(run_night, stored, home, postgres, monkeypatch, capfd):
    monkeypatch.delenv("GOODWILL_CONNECTION_ERP")
    monkeypatch.setenv("AIRFLOW_CONN_GOODWILL_SALES", postgres.uri())
    stored("goodwill_crm", postgres.uri())
    ended = run_night(home, as_of="2025-12-31")
    assert ended.verdict == "published", ended.record
    assert ended.rows("select count(*) from marts.fct_orders") == [(200,)]
    out = "".join(capfd.readouterr())
    assert PASSWORD not in out
    folder = Path(os.environ["AIRFLOW_HOME"])
    assert [path.name for path in shown(home.root, folder) if not path.name.startswith("airflow.db")] == []
    with closing(sqlite3.connect(folder / "airflow.db")) as metadata:
        handed_on = str(metadata.execute("select * from xcom").fetchall())
    assert "sales" in handed_on, "the tasks hand nothing on: this test sees nothing"
    assert PASSWORD not in handed_on
    assert quote(PASSWORD, safe="") not in handed_on


def test_a_missing_connection_blocks_and_names_both_ways(run_night, home, postgres):
    ended = run_night(home, as_of="2025-12-31")
    assert ended.verdict == "failed"
    assert "'goodwill_sales' is not known" in ended.record["message"] or "'goodwill_crm' is not known" in ended.record["message"]
    assert "Airflow (Admin, Connections)" in ended.record["message"]
    assert "GOODWILL_CONNECTION_GOODWILL_" in ended.record["message"]


def test_a_wrong_password_blocks_and_is_not_shown(run_night, home, postgres, monkeypatch, capfd):
    wrong = "n0t the right one"
    monkeypatch.setenv("AIRFLOW_CONN_GOODWILL_SALES", postgres.uri(password=wrong))
    monkeypatch.setenv("AIRFLOW_CONN_GOODWILL_CRM", postgres.uri(password=wrong))
    ended = run_night(home, as_of="2025-12-31")
    assert ended.verdict == "blocked"
    assert "password authentication failed" in ended.record["message"]
    assert wrong not in str(ended.record) + "".join(capfd.readouterr())
    assert not [path for path in home.root.rglob("*") if path.is_file() and wrong.encode() in path.read_bytes()]
