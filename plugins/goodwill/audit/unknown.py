"""What lies in the home and is not on record: publications, batches, runs, and files among those that auditors read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from goodwill.audit.ledger import Entry, ledger_file
from goodwill.audit.record import DOCUMENTS
from goodwill.audit.seals import GROWING
from goodwill.home import Home
from goodwill.privacy.marked import first_unmarked

__all__ = ["unknown"]

#: What the ledger must know, and what in it says when it was made.
_MADE = {"published/*/manifest.json": "published_at", "landing/*/*/manifest.json": "extracted_at", "runs/*/run.json": "started_at"}

#: What a run has that no row seals: its witness of the ledger, pages that can be made again, and what a sealed list names.
_UNSEALED = ("ledger_head", "model_docs", *DOCUMENTS)

#: How a run looks that came to nothing before it could be on record.
_STILLBORN = frozenset({"run.json", "configuration/goodwill.yml", "configuration/sources.yml"})


def unknown(home: Home, seals: Container[str], entries: Iterable[Entry]) -> tuple[list[str], list[str]]:
    """Problems and notes: what nobody put on record.

    Parameters
    ----------
    seals : files that a row has sealed.
    entries : the rows of the ledger, all of them believed.
    """
    rows = list(entries)
    # what a run said after its end (`late` without a verdict) is not how it ended
    runs = {entry.facts["run_id"]: entry.facts for entry in rows if entry.kind == "run" and entry.facts.get("event") != "late"}
    problems, notes = _made(home, seals, rows, runs)
    added = list(_added(home, seals, runs))
    anew = [entry.at for entry in rows if entry.kind in ("restart", "migration")]
    if anew:  # what was in the folder by then, and on no record that could be read
        moment = dt.datetime.fromisoformat(anew[-1]).replace(tzinfo=dt.UTC).timestamp()
        older = [path for path in added if path.stat().st_mtime < moment]
        notes += (
            [f"{len(older)} files of the audit folder and of runs are older than what the ledger knows of: nothing proves them"]
            if older
            else []
        )
        added = [path for path in added if path not in older]
    return problems + [f"{path.relative_to(home.root).as_posix()} was put there: no row speaks of it" for path in added], notes


def _made(home: Home, seals: Container[str], rows: list[Entry], runs: Container[str]) -> tuple[list[str], list[str]]:
    """Publications, batches and runs that no row speaks of."""
    first = rows[0].at if rows else "9"
    problems, notes = [], []
    for pattern, stamp in _MADE.items():
        for path in sorted(home.root.glob(pattern)):
            name, folder = path.relative_to(home.root).as_posix(), path.parent.relative_to(home.root)
            is_run = pattern.startswith("runs/")
            if path.parent.is_symlink() or folder.name.startswith(".") or name in seals or (is_run and folder.name in runs):
                continue
            try:
                made = str(json.loads(path.read_text(encoding="utf-8"))[stamp])
            except (ValueError, KeyError):
                problems.append(f"{name} cannot be read, and is not on record")
                continue
            if is_run and made >= first:
                if _files(path.parent) <= _STILLBORN:
                    notes.append(f"{folder} is not on record: it came to nothing before it could be, or was put there by hand")
                else:
                    problems.append(f"{folder} is not on record, and has what only a night on record makes: it was put there by hand")
            elif made < first:
                notes += [] if is_run else [f"{folder} is older than the ledger: nothing proves it"]
            else:
                problems.append(
                    f"{folder} is not on record: it was put there by hand, or made by a run that was killed (the next night says which)"
                )
    return problems, notes


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _added(home: Home, seals: Container[str], runs: Mapping[str, Mapping[str, Any]]) -> Iterator[Path]:
    """Files of the audit folder, and of the runs that were published, that are on no record; what is being written has a dot before its name."""
    published = [home.run(run_id) for run_id, facts in runs.items() if facts.get("verdict") == "published"]
    # a night decides before it ends, and its end seals what it decided
    open_runs = tuple(f"_{run_id}" for run_id, facts in runs.items() if facts.get("event") == "begun")
    for folder in (home.audit, *published):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(home.root).as_posix()
            is_ours = path == ledger_file(home) or path.name.startswith(".") or path.relative_to(folder).parts[0] in _UNSEALED
            is_ours = is_ours or path.parent.name.endswith(open_runs) or _is_grown(home, name)
            if path.is_file() and not is_ours and name not in seals:
                yield path


def _is_grown(home: Home, name: str) -> bool:
    """Whether a file is one that only grows, every line of it written by Goodwill: the end of the night seals it."""
    return name in GROWING and first_unmarked(home, home.root / name, 0) is None
