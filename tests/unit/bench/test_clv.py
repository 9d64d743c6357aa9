"""The bench of customer value runs the stage as it is now."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bench.clv import ours
from bench.clv.shop import make_shop


def test_the_stage_scores_every_customer_of_the_shop(tmp_path: Path) -> None:
    """Its tables have every column that the stage reads."""
    path = tmp_path / "shop.duckdb"
    make_shop(path, 2000)
    figures = ours.stage(path, True, None)
    assert set(figures["seconds"]) == {"fit", "score and write"}
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("select count(*), count(clv), count(clv_36_high_95) from model.clv_scores where model_used = 'mbg_nbd'")
        assert found.fetchall() == [(2000, 2000, 2000)]
