"""Land a source: each part that is new or changed becomes one immutable batch, made real by the rename of its folder."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from goodwill.clock import today
from goodwill.extract import drift
from goodwill.extract.approaching import approach_of, short
from goodwill.extract.batches import EntityTotals, Manifest, active_batches, counting, read_manifests, rows_file
from goodwill.extract.forgetting import forget, measured_over
from goodwill.extract.mapping import Mapper
from goodwill.extract.missed import count_missed
from goodwill.extract.partial import partial_warnings
from goodwill.extract.stamps import next_stamp
from goodwill.extract.structure import check_columns, mappers, unsaid
from goodwill.extract.totals import measure
from goodwill.extract.vanished import Vanished, count_vanished, vanished_warnings
from goodwill.extract.volume import Calendar, gaps_before, refuse_emptied, refuse_missing, rows_findings
from goodwill.extract.writing import write_batch
from goodwill.files import digest
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.sources import Source
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.connectors.protocol import ROWS, Approach, Labels, Part, Written
from goodwill.sources.credentials import Resolver, from_environment
from goodwill.sql import literal

__all__ = ["land_source"]


def _land_part(
    home: Home, source: Source, part: Part, approach: Approach, known: list[Manifest], active: list[Manifest]
) -> Manifest | None:
    """Land one part; `None` if exactly this is landed already."""
    reading = short(source.reading())
    before = next((manifest for manifest in reversed(known) if manifest.file == part.name), None)
    # what the part is held against: the same file before, the newest of the source, those that came last
    near = [*([before] if before else []), *active[-1:], *known[::-1][:20]]
    moment, clock_warnings = next_stamp(known[-1:])
    stamp = moment.isoformat(sep=" ", timespec="milliseconds")
    batch_id = short(source.name, part.name, part.sha256 or stamp, reading)
    if before and before.batch_id == batch_id:
        return None

    def manifest(folder: Path) -> Manifest | None:
        columns = part.columns()
        mapped = mappers(source, columns, approach.zone)
        if columns:
            check_columns(source, part.name, mapped, columns, [each.columns for each in known])
        written = part.write(folder, columns, Labels(batch_id, part.name, stamp))
        listed = Forgotten.of(home)
        owned = forget(source, approach.zone, columns, folder / ROWS, listed)
        relation = measured_over(mapped, written.relation, folder / ROWS, owned)
        pulled = part.sha256 is None
        whole = approach.cursor_high is None
        reconciled = source.load == "incremental" and whole  # on record even when it brings nothing new, or it would be due again tomorrow
        if pulled and not reconciled and (_nothing_new(source, written) or (before and _same(before, written.sha256, reading))):
            return None
        odd = (*rows_findings(source, known, part.name, written.rows, whole), *(unsaid(mapped) if columns else ()))
        if columns and not pulled:  # of what a pull brings, its connector is the judge
            odd += refuse_emptied(source, part.name, written.rows, active[-1] if source.load == "full" and active else before)
        if written.malformed:
            odd += tuple(partial_warnings(mapped, folder / ROWS))
        totals = dict.fromkeys(mapped, EntityTotals(0, None, 0, None, None))
        changed, holds = (
            drift.judged(source, part.name, near, columns, folder / ROWS, written.rows, reading, written.sha256) if columns else ((), {})
        )
        if columns:
            with duckdb.connect() as connection:
                rows = f"select * from read_parquet({literal(str(folder / ROWS))})"
                totals = {
                    entity: measure(connection, mapper, relation[entity], rows, written.plain, part.name)
                    for entity, mapper in mapped.items()
                }
        notes = {entity: dict(written.notes) for entity in mapped}
        if whole and columns and (pulled or not before or before.file_sha256 != written.sha256):
            replaced = _pulled_before(source, known) if pulled else _replaced(source, known, part.name, batch_id, stamp)
            gone = _vanished(home, source, *replaced, mapped, folder)
            for entity, each in gone.items():
                notes[entity]["key:VANISHED"] = each.keys
            missed = _missed(home, source, replaced[0], columns, folder) if reconciled else 0
            for noted in notes.values() if missed else ():
                noted[f"{source.cursor}:MISSED"] = missed
            if source.load == "files" and written.rows:  # every file adds, and this one took away; of one without rows, that is said
                odd += tuple(vanished_warnings(gone))
        totals = {entity: replace(each, notes={**each.notes, **notes[entity]}) for entity, each in totals.items()}
        part.verify()
        landed = Manifest(
            batch_id=batch_id,
            source=source.name,
            file=part.name,
            file_sha256=written.sha256,
            file_bytes=written.bytes,
            file_modified_ns=written.modified_ns,
            extracted_at=stamp,
            rows=written.rows,
            malformed_rows=written.malformed,
            columns=columns,
            rows_sha256=digest(folder / ROWS) if columns else "",
            totals=totals,
            supersedes=before.batch_id if before and source.load != "incremental" else None,
            reading=reading,
            whole=whole,
            cursor_low=written.cursor_low,
            cursor_high=written.cursor_high,
            drift=changed,
            warnings=(*clock_warnings, *written.warnings, *odd),
            profile=holds,
            forgotten_with=listed.version if listed else None,
            forgotten=({"at": stamp, "rows": len(owned)},) if owned else (),
        )
        for warning in (*landed.warnings, *refuse_missing(source, gaps_before(source, known, landed, approach.zone))):
            approach.say(f"{part.name}: {warning}")
        return landed

    return write_batch(home, manifest, source.name)


#: Batches whose place another one takes, and those that go on to count beside it.
Replaced = tuple[list[Manifest], list[Manifest]]


def _pulled_before(source: Source, known: list[Manifest]) -> Replaced:
    """What a whole pull takes the place of: the whole pull before it, and all after that.

    Those after it count however the source is pulled from now on: of a source that was incremental yesterday they are most of what is known.
    """
    landed = [manifest for manifest in known if source.owns(manifest.file)]
    start = max((number for number, manifest in enumerate(landed) if manifest.whole), default=0)
    return landed[start:], []


def _replaced(source: Source, known: list[Manifest], file: str, batch_id: str, stamp: str) -> Replaced:
    """What a file takes the place of: its older version, or the list before it."""
    if not known:
        return [], []
    after = counting(source, [*known, replace(known[-1], batch_id=batch_id, file=file, extracted_at=stamp)])
    stays = {manifest.batch_id for manifest in after}
    now = counting(source, known)
    return [each for each in now if each.batch_id not in stays], [each for each in now if each.batch_id in stays]


def _vanished(
    home: Home, source: Source, replaced: list[Manifest], staying: list[Manifest], mapped: dict[str, Mapper], folder: Path
) -> dict[str, Vanished]:
    """Entity → keys that the batches replaced hold, and neither the new rows nor those that stay."""
    batches, kept = ([manifest for manifest in some if manifest.columns] for some in (replaced, staying))
    if not batches or not mapped:
        return {}
    columns = {name: sql_type for manifest in (*kept, *batches) for name, sql_type in manifest.columns.items()}
    before = mappers(source, columns, next(iter(mapped.values())).zone)
    scratch = folder / "spill"
    scratch.mkdir()
    try:
        files, others = ([rows_file(home, manifest) for manifest in some] for some in (batches, kept))
        return count_vanished(before, files, mapped, folder / ROWS, scratch, others)
    finally:
        shutil.rmtree(scratch)


def _missed(home: Home, source: Source, before: list[Manifest], columns: dict[str, str], folder: Path) -> int:
    """Rows behind the mark that no pull of what is new brought."""
    batches = [manifest for manifest in before if manifest.columns]
    scratch = folder / "spill"
    scratch.mkdir()
    try:
        return count_missed(source, batches, [rows_file(home, each) for each in batches], columns, folder / ROWS, scratch)
    finally:
        shutil.rmtree(scratch)


def _nothing_new(source: Source, written: Written) -> bool:
    return source.load == "incremental" and not written.rows


def _same(before: Manifest, sha256: str, reading: str) -> bool:
    """A pull that brought what the one before brought is no news."""
    return bool(sha256) and (before.file_sha256, before.reading) == (sha256, reading)


def land_source(
    home: Home,
    source: Source,
    zone: str,
    resolver: Resolver = from_environment,
    share: float = Approach.quarantine_share,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Land every new or changed part of a source; `share` of its rows may be bad, unless it says another.

    Returns
    -------
    Counts: `batches` landed, `rows` landed, `malformed_rows` among them, `changes` of the structure; `forgotten_rows`, where some were of
    people who are forgotten.
    """
    for left in (home.landing / source.name).glob(".landing-*"):  # a killed run's scratch; nobody else lands this source now
        shutil.rmtree(left, ignore_errors=True)
    approach = approach_of(home, source, zone, resolver, share, say)
    known = [manifest for manifest in read_manifests(home, source.name) if not manifest.corrects]
    active = [manifest for manifest in active_batches(home, source) if not manifest.corrects]
    landed: list[Manifest] = []
    for part in CONNECTORS[source.connector].parts(source, approach):
        manifest = _land_part(home, source, part, approach, known, active)
        if manifest:
            landed.append(manifest)
            known.append(manifest)
            active = [manifest]
            say(f"{manifest.file}: {manifest.rows:,} rows")
    calendar = Calendar(source, counting(source, known), zone)
    for warning in refuse_missing(source, calendar.silence(today(zone) - dt.timedelta(days=1))):
        say(warning)
    forgotten = sum(time["rows"] for each in landed for time in each.forgotten)
    return {
        "batches": len(landed),
        "rows": sum(each.rows for each in landed),
        "malformed_rows": sum(each.malformed_rows for each in landed),
        "changes": sum(len(each.drift) for each in landed),
        **({"forgotten_rows": forgotten} if forgotten else {}),
    }
