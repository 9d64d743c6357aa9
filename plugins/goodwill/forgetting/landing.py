"""Batches that landed, held against the list of the forgotten: rewritten where they tell of somebody on it, and said so in the manifest."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from goodwill.clock import now
from goodwill.extract.batches import MANIFEST, EntityTotals, Manifest, read_manifests, rows_file
from goodwill.extract.forgetting import ERASED, NO_WORDS, Words, forget, measured_over, word_pattern
from goodwill.extract.structure import mappers
from goodwill.extract.totals import measure
from goodwill.faults import fault
from goodwill.files import digest, replace_text, sync
from goodwill.forgetting.changes import Changes
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.sources import Source

__all__ = ["Rewritten", "drop_unfinished", "hold_against_list"]


@dataclass(frozen=True)
class Rewritten:
    """A batch that was rewritten, and the numbers of the rows that were somebody's."""

    source: str
    batch_id: str
    rows: frozenset[int]


def hold_against_list(home: Home, source: Source, zone: str, words: Words = NO_WORDS, changes: Changes | None = None) -> list[Rewritten]:
    """Hold every batch of a source against the list as it is now, whatever list it was held against before (a backup knows none).

    `changes` is told of every file and row before it is changed.

    Killed at any point, another call finishes: the rows change first, then the manifest, which alone says that a batch is done.
    """
    listed = Forgotten.of(home)
    if not listed:
        return []
    done = []
    for manifest in read_manifests(home, source.name):
        folder = rows_file(home, manifest).parent
        if manifest.columns and (manifest.forgotten_with != listed.version or words.anywhere):
            if changes:
                changes.about_to(folder / MANIFEST)
                changes.about_to(rows_file(home, manifest))
            owned = _rewritten(home, source, zone, manifest, listed, words, changes)
            if owned is not None:
                done.append(Rewritten(source.name, manifest.batch_id, owned))
        for left in folder.glob(".rows.parquet.*"):
            left.unlink()
        shutil.rmtree(folder / "spill", ignore_errors=True)
    return done


def _rewritten(
    home: Home, source: Source, zone: str, manifest: Manifest, listed: Forgotten, words: Words, changes: Changes | None
) -> frozenset[int] | None:
    path = rows_file(home, manifest)
    before = manifest.rows_sha256

    def found(rows: frozenset[int]) -> None:
        if changes:
            changes.owned(manifest.batch_id, rows)

    owned = forget(source, zone, manifest.columns, path, listed, words, found)
    now_are = digest(path)
    fault("forgetting: after the rows")
    note: dict[str, object] = {"at": now().isoformat(sep=" ", timespec="seconds"), "rows": len(owned or ()), "rows_sha256_before": before}
    changed = replace(
        manifest,
        rows_sha256=now_are,
        totals=_totals(source, zone, manifest, path, owned),
        reason=_without(manifest.reason, words),
        forgotten_with=listed.version,
        forgotten=(*manifest.forgotten, note) if now_are != before else manifest.forgotten,
    )
    target = path.parent / MANIFEST
    replace_text(target, changed.to_json())
    sync(target)
    sync(path.parent)
    return owned


def _without(text: str | None, words: Words) -> str | None:
    pattern = word_pattern(words.anywhere)
    return re.sub(pattern, ERASED, text) if text and pattern else text


def _totals(source: Source, zone: str, manifest: Manifest, path: Path, owned: frozenset[int] | None) -> dict[str, EntityTotals]:
    """The totals as they were; those of rows that are read in groups anew, as two groups of one person may have become one."""
    mapped = mappers(source, manifest.columns, zone)
    grouped = {name: relation for name, relation in measured_over(mapped, "", path, owned).items() if relation}
    with duckdb.connect() as connection:
        anew = {name: measure(connection, mapped[name], relation) for name, relation in grouped.items() if name in manifest.totals}
    return {name: replace(anew[name], notes=was.notes) if name in anew else was for name, was in manifest.totals.items()}


def drop_unfinished(home: Home) -> None:
    """Remove what pulls and killed nights left: it is fetched or made again, without the people on the list."""
    for left in (*home.landing.glob("*/.unfinished"), *home.landing.glob("*/.landing-*"), home.working_copy.parent):
        shutil.rmtree(left, ignore_errors=True)
    for left in home.published.glob(".building-*"):
        shutil.rmtree(left, ignore_errors=True)
