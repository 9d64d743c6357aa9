"""Publishing that dies or stops: readers see one whole publication, the ledger stays whole, and a ghost publishes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from goodwill import audit, stages
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.errors import GoodwillError
from goodwill.faults import FAULT
from goodwill.home import Home
from goodwill.publish import publications

from tests.small_night import lay_out, night, seen
from tests.structure.project import ROOT

PUBLISH = "import json, sys\nfrom goodwill import stages\nstages.publish_night(json.loads(sys.argv[1]))"
POINTS = ["before the fence", "before the swap", "after the swap", "after the fence"]


def publishing(ticket: stages.Ticket, fault: str) -> subprocess.Popen[str]:
    """The stage 'publish' in a process of its own."""
    import json

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), FAULT: fault}
    return subprocess.Popen([sys.executable, "-c", PUBLISH, json.dumps(ticket)], env=environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def home(make_home) -> Home:
    """A home with one publication."""
    home: Home = make_home()
    night(home, "first", "2026-01-30")
    assert seen(home) == "first"
    return home


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            return
        time.sleep(0.02)
    raise AssertionError(f"it did not stop: {process.communicate()[1] if process.poll() is not None else 'it runs'}")


def past_its_lease(home: Home) -> None:
    lock = audit.Lock.of(home)
    holder = lock.path.read_text()
    lock.path.write_text(holder.replace(str(lock.holder()["alive_at"]), "2020-01-01 00:00:00"))


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_in_publishing_readers_see_one_publication_and_the_next_night_heals(home, point):
    ticket = lay_out(home, "killed", "2026-01-31")
    died = publishing(ticket, f"publish: {point}")
    died.communicate(timeout=120)
    assert died.returncode == -signal.SIGKILL
    shown = "killed" if point.startswith("after") else "first"
    assert seen(home) == shown
    past_its_lease(home)
    ticket = lay_out(home, "next", "2026-01-31")
    verdict = audit.RunRecord.of(home, "killed").read()["verdict"]
    assert verdict == ("published" if shown == "killed" else "failed")
    assert [each.run_id for each in publications(home)] == ["first", *(["killed"] if shown == "killed" else [])]
    stages.publish_night(ticket)
    stages.close_night(ticket)
    assert seen(home) == "next"
    assert not list(home.published.glob(".*"))
    assert prove(home).problems == []
    ended = [row.facts["run_id"] for row in read_entries(home) if row.kind == "run" and row.facts["event"] == "ended"]
    assert ended == ["first", "killed", "next"], "every night that began has ended, in the ledger too"


def test_killed_before_it_had_the_warehouse_a_night_is_not_running_for_ever(home):
    opening = "import sys\nfrom goodwill import stages\nstages.open_night(sys.argv[1], '2026-01-31', 'killed')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), FAULT: "open: before the lock"}
    died = subprocess.run([sys.executable, "-c", opening, str(home.root)], env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    assert audit.RunRecord.of(home, "killed").read()["verdict"] == "running"
    night(home, "next", "2026-01-31")
    record = audit.RunRecord.of(home, "killed").read()
    assert (record["verdict"], record["blocked_at"]) == ("failed", "open")
    assert "cut short" in record["message"]
    assert (prove(home).problems, prove(home).notes) == ([], [])
    assert seen(home) == "next"


def test_a_ghost_that_wakes_after_its_lease_publishes_nothing(home):
    ghost_ticket = lay_out(home, "ghost", "2026-01-31")
    ghost = publishing(ghost_ticket, "stop publish: before the fence")
    try:
        wait_until_stopped(ghost)
        past_its_lease(home)
        ticket = lay_out(home, "next", "2026-01-31")
        assert int(ticket["token"]) > int(ghost_ticket["token"])
        stages.publish_night(ticket)
    finally:
        ghost.send_signal(signal.SIGCONT)
    said = ghost.communicate(timeout=120)[1]
    assert ghost.returncode == 1
    assert "run ghost (token 2) no longer holds the warehouse; next does, with token 3" in said
    assert seen(home) == "next"
    stages.close_night(ticket)
    assert seen(home) == "next"
    assert [row.facts["run_id"] for row in read_entries(home) if row.kind == "publication"] == ["first", "next"]
    assert prove(home).problems == [], "what the ghost said after its end is on record"


def test_a_ghost_within_the_fence_keeps_others_out_until_it_is_done(home, monkeypatch):
    monkeypatch.setattr("goodwill.files.PATIENCE", 0.3)
    ticket = lay_out(home, "ghost", "2026-01-31")
    ghost = publishing(ticket, "stop publish: before the swap")
    try:
        wait_until_stopped(ghost)
        with pytest.raises(GoodwillError, match="in the midst of a change, and does not go on"):
            stages.open_night(str(home.root), "2026-01-31", "next")
        assert seen(home) == "first"
    finally:
        ghost.send_signal(signal.SIGCONT)
    ghost.communicate(timeout=120)
    assert ghost.returncode == 0
    assert seen(home) == "ghost"


def test_an_earlier_day_is_shown_only_if_that_was_asked_for(home):
    for run_id, asked in (("beside", False), ("over", True)):
        ticket = lay_out(home, run_id, "2025-12-31")
        audit.RunRecord.of(home, run_id).update(make_current=asked)
        assert stages.publish_night(ticket)["is_current"] is asked
        stages.close_night(ticket)
        assert seen(home) == ("over" if asked else "first")
    assert [each.run_id for each in publications(home)] == ["first", "beside", "over"]
