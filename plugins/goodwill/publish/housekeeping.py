"""What is old goes: publications, superseded batches, documents of runs, leftovers of what was killed. Never what a kept publication needs."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goodwill import audit
from goodwill.audit.seals import gone_within
from goodwill.clock import now
from goodwill.extract.batches import active_batches, read_manifests, rows_file
from goodwill.home import Home
from goodwill.publish.swap import current_run, publications
from goodwill.settings.business import Retention
from goodwill.sources import Sources

__all__ = ["Old", "find_old", "tidy"]

#: Of a run, what can be made again or stands in its publication; its record, settings, lineage and results stay.
_DOCUMENTS = ("data_docs", "model_docs", "validation_documents", "report", "audit_report", "quarantine.csv")


@dataclass(frozen=True)
class Old:
    """A folder or a file that may go, and why."""

    path: Path
    kind: str

    def bytes(self) -> int:
        files = [self.path] if self.path.is_file() else [each for each in self.path.rglob("*") if each.is_file() and not each.is_symlink()]
        return sum(each.stat().st_size for each in files)


def find_old(home: Home, sources: Sources, retention: Retention) -> list[Old]:
    """Everything that the settings let go now. Nothing is changed."""
    return [
        *_publications(home, retention.publications_kept),
        *_batches(home, sources, retention.superseded_batches_days),
        *_documents(home, retention.run_documents_days),
        *_leftovers(home),
    ]


def _publications(home: Home, keep: int) -> Iterator[Old]:
    present = current_run(home)
    yield from (Old(each.folder, "publication") for each in publications(home)[:-keep] if each.run_id != present)


def _before(days: int) -> str:
    return (now() - dt.timedelta(days=days)).isoformat(sep=" ")


def _batches(home: Home, sources: Sources, days: int | None) -> Iterator[Old]:
    """Batches that no night reads any more, and that no kept publication was made from."""
    if days is None:
        return
    needed = {batch for each in publications(home) for batch in each.read().get("batches", [])}
    for source in sources.sources:
        active = {batch.batch_id for batch in active_batches(home, source)}
        for manifest in read_manifests(home, source.name):
            if manifest.batch_id not in active | needed and manifest.extracted_at < _before(days):
                yield Old(rows_file(home, manifest).parent, "superseded batch")


def _documents(home: Home, days: int) -> Iterator[Old]:
    """Bulky documents of runs whose publication is not kept, and logs."""
    kept = {each.run_id for each in publications(home)}
    for run in audit.read_runs(home):
        if run["run_id"] not in kept and str(run.get("finished_at") or "9") < _before(days):
            places = [home.run(run["run_id"]) / name for name in _DOCUMENTS] + [home.logs / f"{run['run_id']}.log"]
            yield from (Old(place, "document of a run") for place in places if place.exists())


def _leftovers(home: Home) -> Iterator[Old]:
    """What a killed process left half done; only looked at while no run holds the warehouse."""
    places = [home.published.glob(".building-*"), home.published.glob(".removed-*"), home.landing.glob("*/.landing-*")]
    yield from (Old(path, "leftover") for some in places for path in sorted(some))
    yield from (Old(path, "leftover") for path in (home.warehouse / "working", home.warehouse / "replaced") if path.exists())
    yield from (Old(path, "leftover") for path in sorted(home.warehouse.glob("trash-*")))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


def tidy(home: Home, sources: Sources, retention: Retention) -> list[Old]:
    """Remove what is old: what nobody can see at once, the rest on record first, then out of sight in one step each, then for good.

    Raises
    ------
    GoodwillError : a run holds the warehouse.
    """
    lock = audit.Lock.of(home)
    trash = home.warehouse / f"trash-{now():%Y%m%dT%H%M%S%f}"
    with lock.exclusively():
        lock.refuse_if_held()
        old = find_old(home, sources, retention)
        if not old:
            return []
        # leftovers first: on a full disk they make the room that a row of the ledger needs
        for leftover in (each for each in old if each.kind == "leftover"):
            _remove(leftover.path)
        counts = {kind: sum(each.kind == kind for each in old) for kind in sorted({each.kind for each in old})}
        names = [each.path.relative_to(home.root).as_posix() for each in old if each.kind != "leftover"]
        audit.append(home, "housekeeping", {"removed": counts, "paths": names, "seals": gone_within(home, *(each.path for each in old))})
        trash.mkdir(parents=True)
        for number, each in enumerate(each for each in old if each.kind != "leftover"):
            each.path.rename(trash / str(number))
    shutil.rmtree(trash, ignore_errors=True)
    return old
