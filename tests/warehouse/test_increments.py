"""Nights that go on from one another make what one build in full makes, to the cent and the row, whatever arrives in whatever order.

`python -m pytest tests/warehouse/test_increments.py` tries a few random histories; `GOODWILL_HISTORIES=200` before it, as many as wanted.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import duckdb
import pytest
from goodwill.warehouse import promote
from hypothesis import HealthCheck, Phase, given, settings

from tests.warehouse.compiled import Increments, Model, build_events, compile_increments, go_on, land
from tests.warehouse.histories import Night, arrive, lay_out, nights

HISTORIES = int(os.environ.get("GOODWILL_HISTORIES", "0"))


@pytest.fixture(scope="module")
def increments(tmp_path_factory: pytest.TempPathFactory) -> Increments:
    return compile_increments(tmp_path_factory.mktemp("increments"))


def differences(one: Path, other: Path) -> dict[str, list[tuple[object, ...]]]:
    """Table → rows that only one of two warehouses has; floating numbers to nine decimals."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'other' and schema_name in ('staging', 'intermediate', 'marts') order by 1"
        ).fetchall()
        for (table,) in tables:
            columns = connection.execute(f"describe other.{table}").fetchall()
            listed = ", ".join(f"round({name}, 9)" if sql_type == "DOUBLE" else name for name, sql_type, *_ in columns)
            ways = [
                f"select {listed} from {first}.{table} except all select {listed} from {second}.{table}"
                for first, second in (("one", "other"), ("other", "one"))
            ]
            rows = connection.execute(f"select 'one', * from ({ways[0]}) union all select 'other', * from ({ways[1]})").fetchall()
            if rows:
                found[table] = rows[:4]
    assert len(tables) > 70
    return found


@settings(
    max_examples=HISTORIES or 2,
    phases=[Phase.generate],  # a history is small enough to be read; making it smaller takes longer
    derandomize=not HISTORIES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=nights(3))
def test_night_by_night_equals_in_full(events: list[Model], increments: Increments, history: list[Night]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="goodwill-history-"))
    try:
        home = lay_out(folder)
        for number in range(len(history)):
            day = arrive(home, history, number)
            land(home)
            plan = go_on(home, events, increments, day)
            assert (plan.before is not None) == (number > 0), plan.describe()
            if number:
                shutil.copyfile(home.working_copy, folder / "night.duckdb")
                build_events(home, events, day)
                assert differences(folder / "night.duckdb", home.working_copy) == {}, f"night {number}, {plan.describe()}"
                shutil.copyfile(folder / "night.duckdb", home.working_copy)  # the next night goes on from the increment
            promote(home)
    finally:
        shutil.rmtree(folder)
