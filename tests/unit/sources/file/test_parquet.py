"""Parquet files whose types the engine would read as something else."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import land_source, landed_view
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
