"""Parquet files whose types the engine would read as something else."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.sources import load_sources

SOURCES = "sources: [{name: shop, path: input/o.parquet, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: net}}}}]"


def written(home, kind):
    amounts = [Decimal("0.01"), Decimal("90071992547409.93")]
    table = pa.table({"id": ["1", "2"], "day": ["2025-01-01"] * 2, "net": pa.array(amounts, kind)})
    pq.write_table(table, home.root / "input" / "o.parquet")
    return load_sources(home.sources_file)


@pytest.mark.parametrize("kind", [pa.decimal256(40, 2), pa.decimal256(76, 2)], ids=str)
def test_decimals_of_more_digits_than_the_engine_has_are_refused(make_home, kind):
    """It reads them as floats, and some of them as other numbers: 0.01 as 7.2e14."""
    home = make_home(SOURCES)
    with pytest.raises(SourceError, match=rf"o.parquet: column 'net' holds decimals of {kind.precision} digits.*\n.*38 digits at most"):
        land_source(home, written(home, kind).sources[0], "UTC")


@pytest.mark.parametrize("kind", [pa.decimal128(38, 4), pa.decimal256(38, 2), pa.decimal128(18, 2)], ids=str)
def test_shorter_ones_are_exact(make_home, kind):
    home = make_home(SOURCES)
    sources = written(home, kind)
    land_source(home, sources.sources[0], "UTC")
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select net_amount, len(_problems) from ({view}) order by _row_no").fetchall()
    assert found == [(Decimal("0.01"), 0), (Decimal("90071992547409.93"), 0)]


@pytest.mark.parametrize("place", ["a text", "inside a list", "no column that is read"])
def test_a_nul_in_a_text_sets_its_row_apart(make_home, place):
    home = make_home(SOURCES)
    nul, none = "a\0b", "c"
    table = pa.table(
        {
            "id": [nul if place == "a text" else none, "2", "3"],
            "day": ["2025-01-01"] * 3,
            "net": pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("4.00")], pa.decimal128(9, 2)),
            "tags": [[nul if place == "inside a list" else none], [], None],
            "note": [nul if place == "no column that is read" else none, "x", None],
        }
    )
    pq.write_table(table, home.root / "input" / "o.parquet")
    sources = load_sources(home.sources_file)
    land_source(home, sources.sources[0], "UTC", share=1.0)
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, net_amount, _problems[1].value, contains(_raw, chr(0)) from ({view}) order by _row_no").fetchall()
    assert found == [(None, None, "a NUL character", False), ("2", Decimal("2.00"), None, False), ("3", Decimal("4.00"), None, False)]
    (batch,) = active_batches(home, sources.sources[0])
    assert (batch.rows, batch.malformed_rows, batch.totals["orders"].amount) == (3, 1, Decimal("6.00"))
