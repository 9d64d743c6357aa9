"""A night that is killed leaves what is published as it was, and the next one needs no hands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from goodwill.audit import RunRecord, read_runs
from goodwill.demo import make_demo_home
from goodwill.home import Home
from goodwill.publish import current_run

from bench.shop import Parameters, make_shop

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "plugins"), "COLUMNS": "200"}
for name in [name for name in ENVIRONMENT if name.startswith(("AIRFLOW", "GOODWILL"))]:
    del ENVIRONMENT[name]


def start(home: Home) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "goodwill", "run", "--home", str(home.root)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def wait_for(home: Home, known: set[str], stage: str) -> None:
    """Wait until a run that was not there before has started `stage`."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for folder in set((home.root / "runs").glob("*")) if (home.root / "runs").exists() else set():
            if folder.name not in known and any(line["stage"] == stage for line in RunRecord(folder).stages()):
                return
        time.sleep(0.02)
    raise AssertionError(f"no run came to {stage!r}")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("shop")
    make_demo_home("shop", folder)
    make_shop(Parameters(400, 9), folder / "input")
    home = Home.at(folder)
    first = start(home)
    output, _ = first.communicate(timeout=300)
    assert first.returncode == 0, output
    return home


@pytest.mark.parametrize("stage", ["build before_clv", "publish"])
def test_a_night_killed_at_any_stage_is_healed_by_the_next(home, stage):
    before = current_run(home)
    runs = {folder.name for folder in (home.root / "runs").iterdir()}
    night = start(home)
    wait_for(home, runs, stage)
    os.killpg(night.pid, signal.SIGKILL)
    night.wait()
    # a reader in this very moment: one whole publication, the old one or (if the swap was done) the new one
    with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as reader:
        assert reader.execute("select run_id from audit.release").fetchall() == [(current_run(home),)]
        assert reader.execute("select count(*) > 10 from marts.dim_customers").fetchone() == (True,)
    if stage != "publish":
        assert current_run(home) == before
    again = start(home)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert current_run(home) != before
    ended = {run["run_id"]: run["verdict"] for run in read_runs(home)}
    assert "running" not in ended.values(), "the record of a killed run says so"
    assert not list(home.published.glob(".*")), "half-built leftovers are gone"
    assert not (home.warehouse / "working").exists()
    assert not (home.warehouse / "lock.json").exists()
