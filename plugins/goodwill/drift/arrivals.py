"""Which batches came with tonight, and which with each of the last good nights: from the records of the runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Arrival", "arrivals"]


@dataclass(frozen=True)
class Arrival:
    """What a night read that no good night before it had read."""

    run_id: str
    as_of: dt.date
    batches: tuple[str, ...]


def arrivals(
    runs: Sequence[Mapping[str, Any]], run_id: str, as_of: dt.date, tonight: Iterable[str], nights: int
) -> tuple[Arrival, list[Arrival]]:
    """Tonight's arrival, and those of the last good nights, newest first.

    Parameters
    ----------
    runs : the records of all runs, oldest first (`run_id`, `as_of`, `verdict`, `batches`).
    tonight : the batches that this night reads.
    nights : how many good nights to go back; one that brought nothing is not counted, one about a later day is not looked at.
    """
    seen: set[str] = set()
    brought: list[Arrival] = []
    for run in runs:
        if run["run_id"] == run_id:
            break
        if run.get("verdict") == "published" and run.get("as_of") and str(run["as_of"]) <= str(as_of):
            new = set(run.get("batches") or ()) - seen
            seen |= new
            if new:
                brought.append(Arrival(run["run_id"], dt.date.fromisoformat(str(run["as_of"])), tuple(sorted(new))))
    return Arrival(run_id, as_of, tuple(sorted(set(tonight) - seen))), brought[-nights:][::-1]
