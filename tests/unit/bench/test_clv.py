"""The bench of customer value runs the stage as it is now."""

from __future__ import annotations

import shutil
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


def test_cut_to_the_columns_of_lifetimes_the_scores_are_the_same(tmp_path: Path) -> None:
    path, whole = tmp_path / "shop.duckdb", tmp_path / "whole.duckdb"
    make_shop(path, 2000)
    ours.stage(path, False, None)
    shutil.copy(path, whole)
    ours.scores_like_theirs(path, None)
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(f"attach '{whole}' as whole (read_only)")
        assert connection.execute("describe model.clv_scores").fetchall()[0][0] == "person_id"
        found = connection.execute("from model.clv_scores").fetchall()
        assert len(found) == 2000
        assert (
            connection.execute(f"select {ours.LIKE_THEIRS} from whole.model.clv_scores except all from model.clv_scores").fetchall() == []
        )
