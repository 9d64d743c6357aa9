"""`goodwill audit rebuild RUN`: make a past publication again from its batches, settings and day, and compare it table by table."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goodwill import audit, stages
from goodwill.audit.ledger import Entry, read_entries
from goodwill.audit.version import code_version
from goodwill.cli.comparing import compare
from goodwill.clv.ledger import NAME as CLV_LEDGER
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches
from goodwill.extract.batches import WITHDRAWN
from goodwill.home import Home
from goodwill.publish.publication import DATABASE, build_publication
from goodwill.publish.swap import swap
from goodwill.segments.ledger import NAME as SEGMENT_LEDGER
from goodwill.sources import load_sources
from goodwill.warehouse import open_warehouse, promote

__all__ = ["Rebuilt", "rebuild"]

_STEPS: tuple[tuple[str, ...], ...] = (
    ("prepare",),
    ("build", "staging"),
    ("resolve_identities",),
    ("build", "before_clv"),
    ("fit_clv",),
    ("assign_segments",),
    ("build", "after_clv"),
)


@dataclass
class Rebuilt:
    """How a run that was made again compares with what it published; `differing` says per table what differs."""

    run_id: str
    tables: int
    differing: dict[str, str] = field(default_factory=dict)
    #: Tables that differ by nothing but people who were forgotten since.
    explained: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def rebuild(home: Home, run_id: str, scratch: Path, say: Callable[[str], None] = lambda _: None) -> Rebuilt:
    """Make a past publication again in `scratch` (a new folder, left behind as a home of its own), and compare its marts.

    Raises
    ------
    GoodwillError : the run was never published, or what it was made from is not kept any more.
    """
    home.require_writable()  # that it was made again goes on record
    record = audit.RunRecord(home.run(run_id)).read()
    before = _published(home, run_id)
    configuration = home.run(run_id) / "configuration"
    if not configuration.is_dir():
        raise GoodwillError(f"the settings of run {run_id} were not kept", "only runs of this version and later can be rebuilt")
    result = Rebuilt(run_id, len(before))
    if before and record["code_version"] != code_version():
        result.notes.append(
            f"the run was made by {record['code_version']}, this is {code_version()}: check that version out for a strict comparison"
        )
    if days := _retained_since(home, run_id):
        rows = ", ".join(f"{entity} before {day}" for entity, day in sorted(days.items()))
        result.notes.append(
            f"rows of {rows} were made nobody's since: what was counted of people over them differs, and cannot be made again"
        )
    again = _home(home, record, configuration, scratch)
    with _own_environment():
        ticket = stages.open_night(str(again.root), record["as_of"], run_id, os.getpid())
        for function, *arguments in _STEPS:
            say(" ".join([function, *arguments]))
            getattr(stages, function)(ticket, *arguments)
        folder = _publish(home, again, run_id)
        audit.Lock.of(again).release(run_id)
    after = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fingerprints"]
    other = {table: (table in before, table in after) for table in sorted({*before, *after}) if before.get(table) != after.get(table)}
    found = (
        compare(home.published / run_id / DATABASE, folder / DATABASE, again.accepted, other, len(_since(home, run_id, "erasure")))
        if other
        else {}
    )
    result.differing = {table: each.said for table, each in found.items() if not each.explained}
    result.explained = {table: each.said for table, each in found.items() if each.explained}
    facts = {"run_id": run_id, "tables": result.tables, "differing": sorted(result.differing), "explained": sorted(result.explained)}
    audit.append(home, "rebuild", facts)
    return result


def _publish(home: Home, again: Home, run_id: str) -> Path:
    """Publish in the new home what was made there, with its lineage, so that it can be asked for its rows."""
    with open_warehouse(again.working_copy) as connection:
        audit.write_audit_tables(again, load_sources(again.sources_file), run_id, connection)
    lineage = home.run(run_id) / "lineage"
    folder = build_publication(again, run_id, audit.RunRecord.of(again, run_id).read(), {"lineage": lineage} if lineage.is_dir() else {})
    swap(again, run_id)
    promote(again)
    return folder


def _published(home: Home, run_id: str) -> dict[str, str]:
    """The fingerprints of the marts as they were published: of the manifest while it is kept, of the ledger for ever."""
    rows = [row for row in read_entries(home) if row.kind == "publication" and row.facts["run_id"] == run_id]
    if not rows:
        raise GoodwillError(
            f"the ledger knows no publication {run_id}", "goodwill status names the runs; a run that was blocked cannot be rebuilt"
        )
    return dict(rows[-1].facts["fingerprints"])


def _since(home: Home, run_id: str, kind: str) -> list[Entry]:
    """The rows of a kind that came after the publication."""
    rows = read_entries(home)
    published = max(row.seq for row in rows if row.kind == "publication" and row.facts["run_id"] == run_id)
    return [row for row in rows if row.kind == kind and row.seq > published]


def _retained_since(home: Home, run_id: str) -> dict[str, str]:
    """Entity → the day before which its rows tell of nobody since the publication."""
    return {entity: day for row in _since(home, run_id, "retention") for entity, day in row.facts.get("before", {}).items()}


def _home(home: Home, record: dict[str, Any], configuration: Path, scratch: Path) -> Home:
    """A home that holds what the run read, and nothing that came later: its batches, its settings, what was known of customer value."""
    if scratch.exists() and any(scratch.iterdir()):
        raise GoodwillError(f"{scratch} is not empty", "name a new folder with --into")
    again = Home(scratch.resolve())
    again.audit.mkdir(parents=True)
    if home.secret_file.exists():  # people have the keys they had
        again.secret_file.symlink_to(home.secret_file)
    for file in configuration.iterdir():
        shutil.copyfile(file, again.root / file.name)
    wanted, sources = set(record["batches"]), load_sources(again.sources_file).sources
    for source in sources:
        for folder in (home.landing / source.name).glob("*"):
            if folder.name in wanted:
                (again.landing / source.name / folder.name).mkdir(parents=True)
                for file in folder.iterdir():
                    if file.name != WITHDRAWN:  # if it was taken back, then later: the run read it
                        (again.landing / source.name / folder.name / file.name).symlink_to(file.resolve())
    found = {batch.batch_id for source in sources for batch in active_batches(again, source)}
    if found != wanted:
        raise GoodwillError(
            f"{len(wanted - found)} of the {len(wanted)} batches that run {record['run_id']} read are gone",
            "restore landing/ from a backup",
        )
    places = home.audit / SEGMENT_LEDGER
    if places.exists():  # of it, a night reads only what is about earlier days, and that does not change
        shutil.copytree(places, again.audit / SEGMENT_LEDGER)
    known = home.audit / CLV_LEDGER
    if known.exists():
        lines = known.read_text(encoding="utf-8").splitlines(keepends=True)
        own = next((number for number, line in enumerate(lines) if json.loads(line)["run_id"] == record["run_id"]), len(lines))
        (again.audit / CLV_LEDGER).write_text("".join(lines[: min(own, record.get("clv_ledger_lines", own))]), encoding="utf-8")
    return again


@contextmanager
def _own_environment() -> Iterator[None]:
    """dbt is told its warehouse by the environment: put back what was there."""
    kept = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
