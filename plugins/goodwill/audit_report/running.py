"""What ran and what was decided by hand: from the records of the runs and the rows of the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goodwill.audit.ledger import Entry
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.settings.business import flat_settings

__all__ = ["Change", "Decision", "Run", "changes", "decisions", "read_run"]

#: Rows of the ledger that tell what somebody did, or what befell the home, beside the nights themselves.
_DECISIONS = frozenset(
    {
        "rollback",
        "erasure",
        "retention",
        "export",
        "override",
        "review",
        "housekeeping",
        "rebuild",
        "migration",
        "healed",
        "restart",
        "sign_off",
    }
)
#: Facts of such a row that say what it was about, in the order they are told; the rest is seals and digests.
_TOLD = (
    *(
        "decided",
        "export",
        "source",
        "run_id",
        "to",
        "erasure",
        "format",
        "gate",
        "model",
        "period",
        "role",
        "batches",
        "rows",
        "corrected_rows",
    ),
    *("files", "removed", "form"),
)
#: How the row of an export for a person begins.
_OWN_DATA = "a person's own data"


@dataclass(frozen=True)
class Run:
    """A night: its day, when it ran, how it ended, and where and why where it did not end well. `seconds` is how long it took."""

    run_id: str
    as_of: str | None
    started_at: str
    finished_at: str | None
    verdict: str
    is_current: bool
    blocked_at: str | None
    message: str | None
    built: str | None
    code_version: str
    configuration: str

    @property
    def seconds(self) -> float | None:
        if not self.finished_at:
            return None
        return (dt.datetime.fromisoformat(self.finished_at) - dt.datetime.fromisoformat(self.started_at)).total_seconds()


@dataclass(frozen=True)
class Decision:
    """A row of the ledger about something done by hand: when, what kind, by whom, why, and what it was about."""

    seq: int
    at: str
    kind: str
    by: str
    reason: str
    about: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Change:
    """A setting, or the code, that was otherwise in the run before: `None` where it was not there."""

    run_id: str
    name: str
    was: str | None
    now: str | None


def read_run(record: Mapping[str, Any]) -> Run:
    """A run's record, as a report tells it; of a message only the first paragraph, the record has it whole."""
    said = str(record.get("message") or "").strip()
    return Run(
        run_id=record["run_id"],
        as_of=record.get("as_of"),
        started_at=str(record.get("started_at") or ""),
        finished_at=record.get("finished_at"),
        verdict=str(record.get("verdict") or "failed"),
        is_current=bool(record.get("is_current")),
        blocked_at=record.get("blocked_at"),
        message=said.partition("\n  remedy:")[0] or None,
        built=record.get("built"),
        code_version=str(record.get("code_version") or ""),
        configuration=str(record.get("configuration_sha256") or ""),
    )


def decisions(entries: Iterable[Entry]) -> tuple[Decision, ...]:
    """Those of the rows that tell what was done by hand, or befell the home, in order."""
    return tuple(
        Decision(
            entry.seq,
            entry.at,
            entry.kind,
            str(entry.facts.get("by") or entry.who),
            str(entry.facts.get("reason") or entry.facts.get("remark") or ""),
            tuple((name, _told(name, entry.facts[name])) for name in _TOLD if entry.facts.get(name) not in (None, "", [], {})),
        )
        for entry in entries
        if entry.kind in _DECISIONS and entry.facts.get("removed") != "publications"  # each night lets go of its oldest publication
    )


def _told(name: str, value: Any) -> str:
    """A fact in words; of what was exported for a person only that it was, not under which name."""
    return _OWN_DATA if name == "export" and str(value).startswith(_OWN_DATA) else str(value)


def changes(home: Home, runs: Sequence[Run], before: Run | None) -> tuple[Change, ...]:
    """Every setting, the sources' file and the code, where a run had them otherwise than the run before it."""
    found: list[Change] = []
    for last, this in zip([before, *runs], runs, strict=False):
        if last is None:
            continue
        if last.code_version != this.code_version:
            found.append(Change(this.run_id, "code", last.code_version, this.code_version))
        if last.configuration != this.configuration:
            found += _settings(home, last.run_id, this)
    return tuple(found)


def _settings(home: Home, last: str, this: Run) -> list[Change]:
    """What differs between the configurations that two runs kept."""
    was, now = (_flat(home, run_id) for run_id in (last, this.run_id))
    found = [
        Change(this.run_id, name, None if was.get(name) is None else str(was[name]), None if now.get(name) is None else str(now[name]))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    files = [(home.run(run_id) / "configuration" / home.sources_file.name) for run_id in (last, this.run_id)]
    if all(file.is_file() for file in files) and files[0].read_bytes() != files[1].read_bytes():
        found.append(Change(this.run_id, home.sources_file.name, "changed", "changed"))
    return found or [Change(this.run_id, "configuration", "changed", "changed")]


def _flat(home: Home, run_id: str) -> dict[str, Any]:
    try:
        return flat_settings(load_business(home.run(run_id) / "configuration" / home.business_file.name))
    except (GoodwillError, OSError):
        return {}
