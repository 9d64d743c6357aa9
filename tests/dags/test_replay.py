"""219 day files of a real web shop: whatever the order they come in, and however often, the warehouse ends the same."""

from __future__ import annotations

import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill.extract import active_batches, land_source
from goodwill.home import Home
from goodwill.sources import load_sources

pytestmark = pytest.mark.shared_data

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "online_retail"
ZONE = "Europe/London"
#: Columns that say which run made a row, and how long it took.
OF_THE_RUN = {"run_id", "parameters_run_id", "fitted_seconds"}
#: Marts that hold decisions: what was decided on which accepted night, and so as many nights as there were.
DECIDED = {"customer_history", "segment_sizes", "segment_migrations", "customer_equity"}
DECIDED |= {"clv_holdouts", "clv_calibration", "clv_tracking", "clv_model_runs"}  # models are judged once a week, by the days of the nights
#: Columns of the others that remember the nights before: a class is left late, and says since when it is held.
REMEMBERED = {"value_class", "value_class_reason", "churn_onset_on", "churn_onset_reason"}


@pytest.fixture(scope="module")
def days(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The day files, in order."""
    folder = tmp_path_factory.mktemp("days")
    with tarfile.open(next((shared_data / "online_retail").glob("*.tar.xz"))) as archive:
        archive.extractall(folder, filter="data")
    found = sorted(folder.rglob("*.csv"))
    assert len(found) == 219
    return found


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Home]:
    def made() -> Home:
        folder = tmp_path_factory.mktemp("retail")
        (folder / "input").mkdir()
        shutil.copy(FIXTURE / "goodwill.yml", folder / "goodwill.yml")
        shutil.copy(FIXTURE / "sources.yml", folder / "sources.yml")
        return Home.at(folder)

    return made


def arrive(home: Home, *files: Path) -> None:
    """Files arrive, and land."""
    for file in files:
        shutil.copy(file, home.root / "input" / file.name)
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, ZONE)


@pytest.fixture(scope="module")
def night(run_night: Callable[..., Any]) -> Callable[[Home], str]:
    """A whole night, published: its run."""

    def run(home: Home) -> str:
        ended = run_night(home)
        assert ended.verdict == "published", ended.record
        return str(ended.run_id)

    return run


def contents(home: Home) -> dict[str, tuple[Any, ...]]:
    """Every mart that is a function of what happened, as its row count and a hash of its rows in any order."""
    found = {}
    with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall():
            if table in DECIDED:
                continue
            columns = [row[0] for row in connection.execute(f"describe marts.{table}").fetchall() if row[0] not in OF_THE_RUN | REMEMBERED]
            columns = [column for column in columns if not column.endswith("_since_on") and not column.startswith("previous_")]
            rows = f"select hash({', '.join(columns)}) as h from marts.{table}"
            found[table] = connection.execute(f"select count(*), sum(cast(h as hugeint)) from ({rows})").fetchone()
    return found


def active(home: Home) -> list[tuple[str, int, str]]:
    (source,) = load_sources(home.sources_file).sources
    return [(batch.batch_id, batch.rows, batch.file) for batch in active_batches(home, source)]


@pytest.fixture(scope="module")
def full(make: Callable[..., Home], night: Callable[[Home], str], days: list[Path]) -> tuple[Home, dict[str, tuple[Any, ...]]]:
    """All files in one load, and what they make."""
    home = make()
    arrive(home, *days)
    night(home)
    return home, contents(home)


def test_the_full_load_holds_every_line(full, days):
    home, marts = full
    assert sum(rows for _, rows, _ in active(home)) == 320_705
    assert {"fct_orders", "fct_order_lines", "fct_refunds", "cohort_retention", "dim_customers", "segments", "clv_customers"} <= set(marts)
    assert marts["fct_orders"][0] == 12_977
    assert marts["fct_order_lines"][0] == 313_930


def test_a_day_has_no_change_of_structure(full):
    home, _ = full
    (source,) = load_sources(home.sources_file).sources
    assert [batch.drift for batch in active_batches(home, source) if batch.drift] == [], "219 files, no false alarm"


def test_night_by_night_with_nights_of_nothing_between(make, night, days, full):
    home = make()
    for number, file in enumerate(days[:-2]):
        arrive(home, file)
        if number % 20 == 0:
            before = active(home)
            arrive(home)
            assert active(home) == before, "a night without news lands nothing"
    night(home)
    first = contents(home)
    night(home)
    assert contents(home) == first, "a night in which only the clock went on"
    arrive(home, days[-2])
    arrive(home, days[-1])
    night(home)
    assert active(home) == active(full[0])
    assert contents(home) == full[1]


def test_out_of_order_and_twice_and_wrong_at_first(make, night, days, full, tmp_path):
    home = make()
    order = days.copy()
    random.Random(219).shuffle(order)
    for number, file in enumerate(order):
        if number % 10 == 0:  # half of it, and later the whole
            cut = tmp_path / file.name
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            cut.write_text("".join(lines[: len(lines) // 2 + 1]), encoding="utf-8")
            arrive(home, cut)
        else:
            arrive(home, file)
    assert active(home) != active(full[0])
    for some in (order[::-10], order[5::-5], days[::7], days):  # everything a second time, some of it a third
        for file in some:
            shutil.copy(file, home.root / "input" / file.name)
        arrive(home)
    assert active(home) == active(full[0])
    night(home)
    assert contents(home) == full[1]
