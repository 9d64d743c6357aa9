"""What a reader has not seen yet: the batches that came after the last publication."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["published_batches", "published_before"]


def published_batches(runs: Path, run_id: str) -> frozenset[str]:
    """The batches that the last published run before `run_id` read, from its record in the folder `runs`; none where there was no such run."""
    return published_before(runs, run_id)[1]


def published_before(runs: Path, run_id: str) -> tuple[str, frozenset[str]]:
    """When the last published run before `run_id` began (an empty text where there was none), and the batches that it read."""
    found: tuple[str, frozenset[str]] = ("", frozenset())
    for path in runs.glob("*/run.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # a run that was killed while it wrote its record was not published
        started = str(record.get("started_at", ""))
        if record.get("verdict") == "published" and path.parent.name != run_id and started > found[0]:
            found = (started, frozenset(record.get("batches") or ()))
    return found
