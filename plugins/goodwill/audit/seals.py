"""Seals: the digest a file of the home had when a row of the ledger was written. The last row that speaks of a file is believed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goodwill.audit.ledger import Entry, ledger_file
from goodwill.files import begins_with, digest
from goodwill.home import Home
from goodwill.privacy.marked import first_unmarked

__all__ = ["GROWING", "Sealed", "gone", "gone_within", "grown", "last_seals", "lengths", "seal", "seal_grown", "seals_of"]

#: How a row with seals looks like in the file: the others need not be read to know them.
_MARK = b'"seals":{"'


@dataclass(frozen=True)
class Sealed:
    """What the ledger last said of a file: its digest (`None`: it is gone), in which row, when, with which other facts."""

    sha256: str | None
    seq: int
    at: str
    facts: Mapping[str, Any] = field(repr=False)


#: Files that only grow: they are sealed with their length.
GROWING = ("audit/clv_ledger.jsonl", "privacy/forgotten.jsonl")


def _name(home: Home, path: Path) -> str:
    return path.relative_to(home.root).as_posix()


def seal(home: Home, *paths: Path) -> dict[str, str | None]:
    """Seals of files as they are now, for the facts of a row; a file that is not there is left out."""
    return {_name(home, path): digest(path) for path in paths if path.is_file()}


def grown(home: Home, sealed: Sealed, name: str) -> bool:
    """Whether a file that only grows was appended to by Goodwill since it was sealed, and nothing else."""
    size, path = sealed.facts.get("bytes", {}).get(name), home.root / name
    begins_so = size is not None and sealed.sha256 is not None and begins_with(path, size, sealed.sha256)
    return begins_so and first_unmarked(home, path, size) is None


def seal_grown(home: Home) -> dict[str, dict[str, Any]]:
    """The facts `seals` and `bytes` of the files that only grow, so that what is appended next is told from what is changed.

    One that was not only appended to since its last seal is left out: that seal goes on to say so.
    """
    known, seals = last_seals(home), {}
    for name in (name for name in GROWING if (home.root / name).is_file()):
        before, now = known.get(name), digest(home.root / name)
        if before is None or before.sha256 in (None, now) or grown(home, before, name):
            seals[name] = now
    return {"seals": seals, "bytes": lengths(home, seals)}


def lengths(home: Home, seals: Iterable[str]) -> dict[str, int]:
    """The fact `bytes` of a row with these seals."""
    return {name: (home.root / name).stat().st_size for name in seals if name in GROWING and (home.root / name).is_file()}


def gone(home: Home, *paths: Path) -> dict[str, str | None]:
    """Seals of files that were removed on purpose."""
    return {_name(home, path): None for path in paths}


def gone_within(home: Home, *places: Path) -> dict[str, str | None]:
    """Seals of everything the ledger knows in these folders, which are removed on purpose."""
    known = [name for name, sealed in last_seals(home).items() if sealed.sha256]
    return {name: None for name in known if any((home.root / name).is_relative_to(place) for place in places)}


def seals_of(entries: Iterable[Entry]) -> dict[str, Sealed]:
    """Path in the home → what the last of these rows says of it."""
    return {
        path: Sealed(sha256, entry.seq, entry.at, entry.facts) for entry in entries for path, sha256 in entry.facts.get("seals", {}).items()
    }


def last_seals(home: Home) -> dict[str, Sealed]:
    """`seals_of` the whole ledger, unverified and fast."""
    found: dict[str, Sealed] = {}
    file = ledger_file(home)
    if file.exists():
        with file.open("rb") as stream:
            for line in stream:
                if _MARK in line and line.endswith(b"\n"):
                    row = json.loads(line)
                    found |= {path: Sealed(sha256, row["seq"], row["at"], row["facts"]) for path, sha256 in row["facts"]["seals"].items()}
    return found
