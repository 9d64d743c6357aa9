"""Nights that are killed leave what is published as it was, or whole and new; the next one needs no hands, and may be killed itself."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest
from goodwill.audit import RunRecord, read_runs
from goodwill.demo import make_demo_home
from goodwill.home import Home
from goodwill.publish import current_run

from bench.shop import Parameters, make_shop
from tests.faults.nights import Running, by_airflow, start


def begin(home: Home) -> Running:
    """A night as a person starts it: the command, and Airflow behind it."""
    return start(by_airflow(home), home.root / "said.txt")


def wait_for(home: Home, known: set[str], stage: str) -> None:
    """Wait until a run that was not there before has started `stage`."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        for folder in set((home.root / "runs").glob("*")) if (home.root / "runs").exists() else set():
            if folder.name not in known and any(line["stage"] == stage for line in RunRecord(folder).stages()):
                return
        time.sleep(0.02)
    raise AssertionError(f"no run came to {stage!r}")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A shop with a published night."""
    make_demo_home("shop", tmp_path)
    make_shop(Parameters(400, 9), tmp_path / "input")
    home = Home.at(tmp_path)
    first = begin(home)
    assert first.wait(600) == 0, first.said()
    return home


def test_nights_killed_one_after_another_are_healed_by_the_next(home):
    before = current_run(home)
    for stage in ("build staging", "build before_clv"):  # the second would heal the first; test_publishing kills what comes after
        runs = {folder.name for folder in (home.root / "runs").iterdir()}
        night = begin(home)
        try:
            wait_for(home, runs, stage)
        finally:
            night.kill()
        # a reader in this very moment: one whole publication, the old one
        with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as reader:
            assert reader.execute("select run_id from audit.release").fetchall() == [(current_run(home),)]
            assert reader.execute("select count(*) > 10 from marts.dim_customers").fetchone() == (True,)
        assert current_run(home) == before
    again = begin(home)
    assert again.wait(600) == 0, again.said()
    assert current_run(home) not in (before, *runs)
    ended = {run["run_id"]: run["verdict"] for run in read_runs(home)}
    assert len(ended) == 4
    assert "running" not in ended.values(), "the record of a killed run says so"
    assert not list(home.published.glob(".*")), "half-built leftovers are gone"
    assert not (home.warehouse / "working").exists()
    assert not (home.warehouse / "lock.json").exists()
