"""PostgreSQL: every value lands exactly or is set apart, against a real server."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.sources import load_sources

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
