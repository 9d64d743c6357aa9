"""Why a night failed, as the command line says it: by its record, else by its log, else by the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from goodwill.audit import RunRecord
from goodwill.audit.lock import Lock
from goodwill.cli.app import app
from goodwill.cli.failing import why_failed
from goodwill.home import Home
from goodwill.stages import CUT_SHORT
from typer.testing import CliRunner

FULL_DISK = "OSError: [Errno 28] No space left on device"


@pytest.fixture
def home(make_home) -> Home:
    made: Home = make_home(**{"orders.csv": "order_id\n1\n"})
    return made


def why(home: Home, log: str = "", **facts: str) -> str:
    file = Path(home.root / "night.log")
    file.write_text(log)
    record = RunRecord.of(home, "r1")
    record.update(**facts)
    return why_failed(home, record, file)


def test_what_the_record_says_counts(home):
    assert why(home, FULL_DISK, verdict="failed", message="the sources are gone") == "the sources are gone"


@pytest.mark.parametrize("facts", [{"verdict": "running"}, {"verdict": "failed", "message": CUT_SHORT}])
def test_a_night_that_could_not_write_down_why_is_explained_by_its_log(home, facts):
    said = why(home, f"Traceback\n  File x\n{FULL_DISK}\n\nValueError: of no use\n", **facts)
    assert f"{FULL_DISK}\n  remedy: make room" in said
    assert "free; a night may need 0 MB, and 268 MB should be free at least" in said


def test_a_stage_that_failed_says_why_where_the_run_could_not(home):
    RunRecord.of(home, "r1").say("build staging", "failed", message="the model is wrong")
    assert why(home, FULL_DISK, verdict="running") == "the model is wrong"


def test_a_full_disk_is_seen_where_not_even_the_log_says_so(home, monkeypatch):
    assert why(home, verdict="running") == "the night did not come to its end\n  remedy: see its log"
    assert why(home, verdict="failed", message=CUT_SHORT) == CUT_SHORT
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 4096})())
    assert "No space left on device\n  remedy: make room" in why(home, verdict="running")
    assert "disk: 0 MB free" in why(home, verdict="running")


@pytest.mark.parametrize(
    ("pid", "started_at", "said"),
    [
        (os.getpid(), "2020-01-01 00:00:00", "running"),
        (2**22 - 3, "2020-01-01 00:00:00", "cut off"),
        (None, "2020-01-01 00:00:00", "cut off"),
        (None, "2999-01-01 00:00:00", "running"),
    ],
    ids=["alive", "dead", "dead before it had the warehouse", "about to take the warehouse"],
)
def test_a_night_whose_process_is_dead_is_not_said_to_be_running(home, pid, started_at, said):
    RunRecord.of(home, "r1").update(run_id="r1", started_at=started_at, verdict="running")
    if pid:
        Lock.of(home).acquire("r1", pid)
    output = CliRunner().invoke(app, ["status", "--home", str(home.root)], catch_exceptions=False).output
    assert [word in output for word in ("running", "cut off")] == [said == "running", said == "cut off"]
