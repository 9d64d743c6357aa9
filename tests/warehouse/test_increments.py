"""Nights that go on from one another make what one build in full makes, to the cent and the row, whatever arrives in whatever order.

`python -m pytest tests/warehouse/test_increments.py` tries a few random histories; `GOODWILL_HISTORIES=200` before it, as many as wanted.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from goodwill.home import Home
from goodwill.warehouse import promote
from hypothesis import HealthCheck, Phase, given, settings

from bench.incremental import compare
from tests.warehouse.compiled import Increments, Model, build_events, compile_increments, go_on, land, rows
from tests.warehouse.histories import Night, arrive, lay_out, nights

HISTORIES = int(os.environ.get("GOODWILL_HISTORIES", "0"))


@pytest.fixture(scope="module")
def increments(tmp_path_factory: pytest.TempPathFactory) -> Increments:
    return compile_increments(tmp_path_factory.mktemp("increments"))


def remember_places(home: Home, day: dt.date, stage: str) -> None:
    """As an accepted night does: everybody moves on every night."""
    people = rows(home, "select distinct person_id from marts.customer_months order by 1")
    with (home.root / "places.csv").open("a") as stream:
        stream.writelines(f"{person},{day},{stage},false\n" for (person,) in people)


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
                tables, differing = compare(folder / "night.duckdb", home.working_copy)
                assert tables > 70
                assert differing == {}, f"night {number}, {plan.describe()}"
                shutil.copyfile(folder / "night.duckdb", home.working_copy)  # the next night goes on from the increment
            remember_places(home, day, f"stage {number}")
            promote(home)
    finally:
        shutil.rmtree(folder)
