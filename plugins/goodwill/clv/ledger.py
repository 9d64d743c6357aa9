"""The ledger of what was decided: accepted parameters, holdouts and choices, one JSON line each, append-only, restored and never recomputed.

A night writes its lines beside its own record (`runs/<run_id>/clv_ledger.jsonl`); they join `audit/clv_ledger.jsonl` when the night is
published, and only then: parameters of a night that nobody saw are nobody's last accepted ones. A review appends its lines itself: it
judges what is published already.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goodwill.errors import GoodwillError
from goodwill.files import replace_text
from goodwill.home import Home
from goodwill.privacy.marked import marked, without_mark

__all__ = ["NAME", "Ledger", "append_lines", "confirm", "ledger_file", "ledger_lines"]

NAME = "clv_ledger.jsonl"
Line = dict[str, Any]


def ledger_file(home: Home) -> Path:
    """Where the published lines are."""
    return home.audit / NAME


@dataclass
class Ledger:
    """The published lines up to a day, in the order in which they were published, and those that this night adds.

    Every line has `kind` (accepted, holdout, choice), `run_id` and `as_of`.
    """

    lines: list[Line] = field(default_factory=list)
    new: list[Line] = field(default_factory=list)
    #: The latest day any published line is about, also later than the night's.
    newest: dt.date | None = None

    @classmethod
    def read_all(cls, home: Home) -> Ledger:
        """The ledger with every line: what a review of the published day stands on."""
        lines = _read(home.audit / NAME)
        return cls(lines, newest=max((dt.date.fromisoformat(line["as_of"]) for line in lines), default=None))

    @classmethod
    def read(cls, home: Home, as_of: dt.date) -> Ledger:
        """The ledger as it stood for a night about `as_of`: the lines of earlier days, so that a night repeated decides as it did at first.

        A backfill, a night about an earlier day than the newest published one, also sees what was decided on its own day.

        Raises
        ------
        GoodwillError : a line that cannot be read.
        """
        lines = _read(home.audit / NAME)
        days = [dt.date.fromisoformat(line["as_of"]) for line in lines]
        newest = max(days, default=None)
        is_backfill = newest is not None and newest > as_of
        seen = [line for line, day in zip(lines, days, strict=True) if day < as_of or (is_backfill and day == as_of)]
        return cls(seen, newest=newest)

    def add(self, kind: str, run_id: str, as_of: dt.date, **facts: Any) -> Line:
        """A new line of this night."""
        line = {"kind": kind, "run_id": run_id, "as_of": as_of.isoformat(), **facts}
        self.new.append(line)
        return line

    def last(self, kind: str, **facts: Any) -> Line | None:
        """The latest line of a kind with these facts: of the latest day, and of that the one published last."""
        found = [line for line in self.lines if line["kind"] == kind and all(line.get(name) == value for name, value in facts.items())]
        return sorted(found, key=lambda line: line["as_of"])[-1] if found else None

    def write(self, folder: Path) -> None:
        """Leave this night's lines beside its record, to be confirmed when it is published."""
        replace_text(folder / NAME, _as_text(self.new))


def confirm(home: Home, run_id: str) -> int:
    """Append the lines of a published run to the ledger, once; returns how many were appended."""
    said = home.run(run_id) / NAME
    ledger = home.audit / NAME
    if not said.exists() or any(line["run_id"] == run_id for line in _read(ledger)):
        return 0
    lines = _read(said)
    append_lines(home, lines)
    return len(lines)


def append_lines(home: Home, lines: list[Line]) -> None:
    """Append what was settled. The caller holds the lock: no night is being published meanwhile."""
    path = home.audit / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes().count(b"\n") if path.exists() else 0
    with path.open("ab") as stream:
        stream.write(marked(home, path, before, lines))
        stream.flush()
        os.fsync(stream.fileno())


def _as_text(lines: list[Line]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def ledger_lines(home: Home) -> int:
    """How many lines the published ledger has: what a rebuild of a night may read of it."""
    return len(_read(home.audit / NAME))


def _read(path: Path) -> list[Line]:
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            dt.date.fromisoformat(line["as_of"])
        except (ValueError, KeyError, TypeError) as error:
            raise GoodwillError(
                f"{path.name}, line {number}: not a line of the CLV ledger ({error})",
                "restore audit/clv_ledger.jsonl from a backup, or remove that line: what it accepted is then not known",
            ) from error
        lines.append(without_mark(line))
    return lines
