"""Batches that landed, held against the list of the forgotten and the days of retention: rewritten where they tell of somebody, and said so in the manifest."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from goodwill.clock import now
from goodwill.extract.batches import MANIFEST, EntityTotals, Manifest, read_manifests, rows_file
from goodwill.extract.expiring import expire
from goodwill.extract.forgetting import ERASED, NO_WORDS, Words, forget, measured_over, word_pattern
from goodwill.extract.structure import mappers
from goodwill.extract.totals import measure
from goodwill.faults import fault
from goodwill.files import digest, replace_text, sync
from goodwill.forgetting.changes import Changes
from goodwill.forgetting.holding import held_back
from goodwill.home import Home
from goodwill.privacy.expired import Expired
from goodwill.privacy.forgotten import Forgotten
from goodwill.sources import Source

__all__ = ["Rewritten", "drop_unfinished", "hold_against_list", "may_be_over"]


@dataclass(frozen=True)
class Rewritten:
    """A batch that was rewritten, the numbers of the rows that were somebody's, and how many rows were over."""

    source: str
    batch_id: str
    rows: frozenset[int]
    over: int = 0


def hold_against_list(home: Home, source: Source, zone: str, words: Words = NO_WORDS, changes: Changes | None = None) -> list[Rewritten]:
    """Hold every batch of a source against the list and the days as they are now, whatever it was held against before (a backup knows none).

    `changes` is told of every file and row before it is changed.

    Killed at any point, another call finishes: the rows change first, then the manifest, which alone says that a batch is done.
    """
    listed, expired = Forgotten.of(home), Expired.of(home)
    if not listed and not expired:
        return []
    against = _Against(listed, words, expired, held_back(home) if expired else frozenset())
    done = []
    for manifest in read_manifests(home, source.name):
        folder = rows_file(home, manifest).parent
        of_list = bool(listed) and manifest.forgotten_with != listed.version
        if manifest.columns and (of_list or words.anywhere or may_be_over(manifest, source, expired)):
            if changes:
                changes.about_to(folder / MANIFEST)
                changes.about_to(rows_file(home, manifest))
            each = _rewritten(home, source, zone, manifest, against, changes)
            if each:
                done.append(each)
        for left in folder.glob(".rows.parquet.*"):
            left.unlink()
        shutil.rmtree(folder / "spill", ignore_errors=True)
    return done


@dataclass(frozen=True)
class _Against:
    """What batches are held against; `held` are the identifiers of people whose rows are kept."""

    listed: Forgotten
    words: Words
    expired: Expired
    held: frozenset[str]


def may_be_over(manifest: Manifest, source: Source, expired: Expired) -> bool:
    """Whether a batch may have rows that are over, and was not held against these days yet. A day more is looked at: zones differ."""
    said = expired.said(source.entities)
    if not said or manifest.expired_with == said:
        return False
    totals = [manifest.totals[entity] for entity in said if entity in manifest.totals]
    firsts = [manifest.extracted_at, *(each.first_event or "" for each in totals)]
    until = max(expired.days[entity] for entity in said) + dt.timedelta(days=1)
    return min(firsts)[:10] <= str(until)


def _rewritten(home: Home, source: Source, zone: str, manifest: Manifest, against: _Against, changes: Changes | None) -> Rewritten | None:
    path = rows_file(home, manifest)
    before = manifest.rows_sha256

    def found(rows: frozenset[int]) -> None:
        if changes:
            changes.owned(manifest.batch_id, rows)

    listed, words, expired = against.listed, against.words, against.expired
    owned = forget(source, zone, manifest.columns, path, listed, words, found)
    over = expire(source, zone, manifest.columns, path, expired.before(zone), against.held) if expired else 0
    now_are = digest(path)
    fault("forgetting: after the rows")
    note: dict[str, object] = {"at": now().isoformat(sep=" ", timespec="seconds"), "rows": len(owned or ()), "rows_sha256_before": before}
    changed = replace(
        manifest,
        rows_sha256=now_are,
        totals=_totals(source, zone, manifest, path, owned),
        reason=_without(manifest.reason, words),
        forgotten_with=listed.version if listed else manifest.forgotten_with,
        expired_with=expired.said(source.entities),
        forgotten=(*manifest.forgotten, note | ({"over": over} if over else {})) if now_are != before else manifest.forgotten,
    )
    target = path.parent / MANIFEST
    replace_text(target, changed.to_json())
    sync(target)
    sync(path.parent)
    return Rewritten(source.name, manifest.batch_id, owned or frozenset(), over) if owned is not None or over else None


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
