"""Whole nights that a campaign can afford: every stage of the DAG in its order, in a process that is forked off, so that nothing is imported twice."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from goodwill import stages
from goodwill.audit import RunRecord
from goodwill.faults import FAULT
from goodwill.home import Home

__all__ = ["STEPS", "Running", "by_airflow", "environment", "in_this_process", "new_run", "start", "whole_night"]

ROOT = Path(__file__).resolve().parents[2]
#: The stages after the extraction, in the order of the DAG: a test of the DAG holds this list against its tasks.
STEPS: tuple[tuple[str, ...], ...] = (
    ("prepare",),
    ("validate", "landed"),
    ("build", "staging"),
    ("validate", "staged"),
    ("resolve_identities",),
    ("build", "before_clv"),
    ("validate", "marts"),
    ("fit_clv",),
    ("validate", "clv"),
    ("assign_segments",),
    ("validate", "segments"),
    ("build", "after_clv"),
    ("validate", "published"),
    ("write_documents",),
    ("publish_night",),
)


def environment(fault: str = "") -> dict[str, str]:
    """This process's, without what would lead a night elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GOODWILL_HOME", "GOODWILL_FAULT"))}
    return {**kept, "PYTHONPATH": str(ROOT / "plugins"), "COLUMNS": "200", **({FAULT: fault} if fault else {})}


def whole_night(home: Home) -> None:
    """One night, from the sources to its publication; raises where the night was not published."""
    ticket = stages.open_night(str(home.root), None, None, os.getpid())
    try:
        for source in stages.source_names(ticket):
            stages.extract_source(ticket, source)
        for function, *arguments in STEPS:
            getattr(stages, function)(ticket, *arguments)
    finally:
        stages.close_night(ticket)


@dataclass
class Running:
    """A process of its own group, and what it says."""

    pid: int
    log: Path
    code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or `None` while it runs."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, seconds: float = 900.0) -> int:
        """Its exit code; it is killed after so many seconds."""
        until = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        return self.poll() if self.poll() is not None else self.kill()  # type: ignore[return-value]

    def kill(self) -> int:
        """End it and everything it started, at once and without a word."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return int(self.code or 0)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


def start(act: Callable[[], None], log: Path) -> Running:
    """Fork off a process that does `act` and ends: 0, or 1 where it raised."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)
        return Running(pid, log)
    code = 1
    try:
        os.setpgid(0, 0)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def in_this_process(home: Home, fault: str = "") -> Callable[[], None]:
    """A night without Airflow: everything is imported already where it is forked off."""

    def act() -> None:
        given = environment(fault)
        os.environ.clear()
        os.environ.update(given)
        whole_night(home)

    return act


def by_airflow(home: Home) -> Callable[[], None]:
    """A night as a person starts it: the command, and Airflow behind it."""

    def act() -> None:
        os.execve(sys.executable, [sys.executable, "-m", "goodwill", "run", "--home", str(home.root)], environment())

    return act


def new_run(home: Home, known: set[str]) -> RunRecord | None:
    """The record of the run that was not there before, if it has one by now."""
    for folder in (home.root / "runs").glob("*"):
        if folder.name not in known:
            return RunRecord(folder)
    return None
