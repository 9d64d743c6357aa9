"""What a run rejected, from the list it left: `runs/<run_id>/quarantine.csv`. A night that was blocked left one too."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from goodwill.errors import GoodwillError
from goodwill.extract.inert import undone
from goodwill.home import Home

__all__ = ["QUARANTINE", "Rejected", "read_rejected", "run_with_list"]

QUARANTINE = "quarantine.csv"


@dataclass(frozen=True)
class Rejected:
    """One problem of one rejected row; a row with two problems is there twice."""

    entity: str
    source: str
    batch_id: str
    file: str
    row_no: int
    column: str
    reason: str
    value: str


def run_with_list(home: Home, run_id: str | None = None) -> tuple[str, Path]:
    """The run asked for, or the newest that left a list, and where the list is.

    Raises
    ------
    GoodwillError : there is none.
    """
    if run_id:
        path = home.run(run_id) / QUARANTINE
        if not path.exists():
            raise GoodwillError(
                f"run {run_id!r} left no list of rejected rows", "goodwill status names the runs; one that ended before staging has no list"
            )
        return run_id, path
    # a run's name begins with the time it started
    found = sorted((home.root / "runs").glob(f"*/{QUARANTINE}"), key=lambda path: path.parent.name)
    if not found:
        raise GoodwillError("no run has got as far as a list of rejected rows", f"run a night first: goodwill run --home {home.root}")
    return found[-1].parent.name, found[-1]


def read_rejected(home: Home, run_id: str | None = None) -> tuple[str, list[Rejected]]:
    """The run and what it rejected, in the order of the list."""
    name, path = run_with_list(home, run_id)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if rows and "batch_id" not in rows[0]:
        raise GoodwillError(f"the list of run {name} was written by an older version", "run a night: its list names the batches too")
    return name, [
        Rejected(
            row["entity"],
            row["source"],
            row["batch_id"],
            undone(row["file"]),
            int(row["row_no"]),
            row["column_name"],
            row["reason"],
            undone(row["value"]),
        )
        for row in rows
    ]
