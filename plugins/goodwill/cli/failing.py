"""Whether a night is still at work, and why it failed: also where nobody was left to say it, or nothing could be written down."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goodwill.audit import RunRecord
from goodwill.audit.lock import LEASE, Lock
from goodwill.causes import MAKE_ROOM, remedy_of
from goodwill.clock import now
from goodwill.home import Home
from goodwill.room import FULL, free_bytes, room
from goodwill.stages import CUT_SHORT

__all__ = ["is_at_work", "why_failed"]


def why_failed(home: Home, record: RunRecord, log: Path) -> str:
    """What the record of a run says, else what its log or the disk shows; where the disk was full, with how much is free and how much is needed."""
    why = _said(record) or _shown(home, log) or record.read().get("message") or "the night did not come to its end\n  remedy: see its log"
    return f"{why}\n  disk: {room(home)}" if MAKE_ROOM in why else why


def is_at_work(home: Home, run: Mapping[str, Any]) -> bool:
    """Whether a run that is on record as running may be: it holds the warehouse and lives, or began so lately that it may not hold it yet."""
    lock = Lock.of(home)
    if lock.holder_run() == run["run_id"]:
        return lock.dead_holder() is None
    return now() - dt.datetime.fromisoformat(str(run["started_at"])) < LEASE


def _said(record: RunRecord) -> str | None:
    """The message of the run, or of the stage that failed: on a full disk that may be the last that could be written."""
    message = record.read().get("message")
    if message and message != CUT_SHORT:
        return str(message)
    return next((line.get("message") for line in reversed(record.stages()) if line["status"] in ("failed", "blocked")), None)


def _shown(home: Home, log: Path) -> str | None:
    """The last error of the machine in the log of the night's process, which may lack it where the disk is full."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"[A-Za-z][\w.]*: ", line)]
    if free_bytes(home) < FULL:
        errors.append("No space left on device")
    found = next(((line, remedy) for line in reversed(errors) if (remedy := remedy_of(line))), None)
    return f"the night did not come to its end: {found[0]}\n  remedy: {found[1]}" if found else None
