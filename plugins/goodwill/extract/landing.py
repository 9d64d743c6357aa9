"""Land a source: each part that is new or changed becomes one immutable batch, made real by the rename of its folder."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from goodwill.clock import now, today
from goodwill.entities import ENTITIES
from goodwill.errors import GoodwillError, SourceError
from goodwill.extract import drift
from goodwill.extract.batches import MANIFEST, EntityTotals, Manifest, active_batches, counting, read_manifests, rows_file
from goodwill.extract.mapping import Mapper
from goodwill.extract.stamps import next_stamp
from goodwill.extract.totals import measure
from goodwill.extract.vanished import count_vanished
from goodwill.extract.volume import Calendar, gaps_before, refuse_missing, rows_findings
from goodwill.faults import fault
from goodwill.files import digest, sync
from goodwill.home import Home
from goodwill.sources import Source
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.connectors.protocol import ROWS, Approach, Labels, Part, Seen, Written
from goodwill.sources.credentials import Resolver, from_environment, resolve
from goodwill.sql import literal

__all__ = ["approach_of", "check_columns", "land_source", "mappers", "short", "write_batch"]


def mappers(source: Source, columns: dict[str, str], zone: str) -> dict[str, Mapper]:
    """Entity → its mapper for a part with these columns."""
    types = {name.lower(): sql_type for name, sql_type in columns.items()}
    return {name: Mapper(source, ENTITIES[name], mapping, types, source.time_zone or zone) for name, mapping in source.entities.items()}


def check_columns(source: Source, part: str, mapped: dict[str, Mapper], columns: dict[str, str], before: Iterable[str] = ()) -> None:
    """Refuse a part that lacks a column the mapping reads; the remedy names the likeliest slip.

    `before` are the columns the source had: of those that are new, one may be the missing one under a new name.
    """
    for entity, mapper in mapped.items():
        missing = mapper.missing_columns()
        if missing:
            raise SourceError(
                f"source {source.name!r}: {part}: no column {', '.join(map(repr, missing))}, which the mapping of "
                f"{entity} reads; there are: {', '.join(columns) or 'no columns'}",
                _likely_slip(missing, list(columns), list(before))
                + f"mend the mapping of {source.name!r} in sources.yml, or the header at the source",
            )


def _likely_slip(missing: list[str], columns: list[str], before: list[str]) -> str:
    """A whole header taken for one name is a wrong delimiter; a name almost like another is a renamed column."""
    if len(columns) == 1:
        mark = next((mark for mark in (";", "\t", "|", ",") if mark in columns[0]), None)
        return f"the header looks separated by {mark!r}: set 'delimiter' to it; or " if mark else ""
    had = {name.lower() for name in before}
    by_lower = {name.lower(): name for name in columns if name.lower() not in had}
    pairs = [(name, difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)) for name in missing]
    guesses = [f"{name!r} may now be {by_lower[close[0]]!r}" for name, close in pairs if close]
    if had and by_lower and not guesses:
        guesses = [f"new in it: {', '.join(map(repr, by_lower.values()))}"]
    return f"{'; '.join(guesses)}: " if guesses else ""


def short(*words: str) -> str:
    """A short digest: ids of batches, and how a source is read."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def write_batch(home: Home, manifest: Callable[[Path], Manifest | None], source: str) -> Manifest | None:
    """Write a batch whole or not at all: `manifest` fills a scratch folder with `ROWS` and returns the manifest, or nothing to land."""
    shelf = home.landing / source
    shelf.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".landing-", dir=shelf))
    try:
        fault("landing: before the rows")
        written = manifest(folder)
        if written is None:
            return None
        fault("landing: after the rows")
        for extra in folder.iterdir():
            if extra.name != ROWS:
                extra.unlink()
        if (folder / ROWS).exists():
            sync(folder / ROWS)
        fault("landing: before the manifest")
        (folder / MANIFEST).write_text(written.to_json(), encoding="utf-8")
        sync(folder / MANIFEST)
        fault("landing: after the manifest")
        target = shelf / written.batch_id
        if target.exists():  # the same bytes were superseded in between and are back: this batch is the newer one
            shutil.rmtree(target)
            fault("landing: before the rename")
        os.rename(folder, target)
        fault("landing: after the rename")
        sync(shelf)
        return written
    except (OSError, duckdb.IOException) as error:
        said = str(error).splitlines()[0]
        raise GoodwillError(
            f"source {source!r}: its batch could not be written: {said}", f"see that {shelf} can be written and has room, then run again"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
            check_columns(source, part.name, mapped, columns, near[0].columns if near else ())
        written = part.write(folder, columns, Labels(batch_id, part.name, stamp))
        pulled = part.sha256 is None
        whole = approach.cursor_high is None
        reconciled = source.load == "incremental" and whole  # on record even when it brings nothing new, or it would be due again tomorrow
        if pulled and not reconciled and (_nothing_new(source, written) or (before and _same(before, written.sha256, reading))):
            return None
        odd = rows_findings(source, known, part.name, written.rows, whole)
        totals = dict.fromkeys(mapped, EntityTotals(0, None, 0, None, None))
        changed, holds = drift.judged(source, part.name, near, columns, folder / ROWS, reading, written.sha256) if columns else ((), {})
        if columns:
            with duckdb.connect() as connection:
                rows = f"select * from read_parquet({literal(str(folder / ROWS))})"
                totals = {entity: measure(connection, mapper, written.relation, rows) for entity, mapper in mapped.items()}
        notes = {entity: dict(written.notes) for entity in mapped}
        if pulled and whole and columns:
            for entity, count in _vanished(home, source, active, mapped, written.relation, folder).items():
                notes[entity] |= {"key:VANISHED": count} if count else {}
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
        )
        for warning in (*landed.warnings, *refuse_missing(source, gaps_before(source, known, landed, approach.zone))):
            approach.say(f"{part.name}: {warning}")
        return landed

    return write_batch(home, manifest, source.name)


def _vanished(home: Home, source: Source, active: list[Manifest], mapped: dict[str, Mapper], relation: str, folder: Path) -> dict[str, int]:
    """Entity → keys of the active batches that a whole pull does not bring any more."""
    batches = [manifest for manifest in active if manifest.columns]
    if not batches or not mapped:
        return {}
    columns = {name: sql_type for manifest in batches for name, sql_type in manifest.columns.items()}
    before = mappers(source, columns, next(iter(mapped.values())).zone)
    scratch = folder / "spill"
    scratch.mkdir()
    try:
        return count_vanished(before, [rows_file(home, manifest) for manifest in batches], mapped, relation, scratch)
    finally:
        shutil.rmtree(scratch)


def _nothing_new(source: Source, written: Written) -> bool:
    return source.load == "incremental" and not written.rows


def _same(before: Manifest, sha256: str, reading: str) -> bool:
    """A pull that brought what the one before brought is no news."""
    return bool(sha256) and (before.file_sha256, before.reading) == (sha256, reading)


def _reconciliation_due(source: Source, active: list[Manifest]) -> bool:
    """Whether the newest whole pull is older than the source wants it to be; one from the future is not to be trusted."""
    whole = [manifest.extracted for manifest in active if manifest.whole]
    if not whole or source.full_every_days is None:
        return not whole
    age = now() - max(whole)
    return not dt.timedelta(0) <= age < dt.timedelta(days=source.full_every_days)


def approach_of(home: Home, source: Source, zone: str, resolver: Resolver, say: Callable[[str], None]) -> Approach:
    """How a source is approached now: what is known of it, all of it from the manifests."""
    reading = short(source.reading())
    known = [manifest for manifest in read_manifests(home, source.name) if not manifest.corrects]
    newest = {manifest.file: manifest for manifest in known}
    seen = {
        name: Seen(manifest.file_sha256, manifest.file_bytes, manifest.file_modified_ns)
        for name, manifest in newest.items()
        if manifest.reading == reading
    }
    # a source read in another way than before is pulled whole again
    alike = [manifest for manifest in active_batches(home, source) if manifest.reading == reading and not manifest.corrects]
    marks = [manifest.cursor_high for manifest in alike if manifest.cursor_high] if source.load == "incremental" else []
    if marks and _reconciliation_due(source, alike):
        marks = []
    return Approach(
        home.root,
        zone,
        home.landing / source.name / ".unfinished",
        partial(resolve, resolver=resolver),
        seen,
        marks[-1] if marks else None,
        say=say,
    )


def land_source(
    home: Home, source: Source, zone: str, resolver: Resolver = from_environment, say: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Land every new or changed part of a source.

    Returns
    -------
    Counts: `batches` landed, `rows` landed, `malformed_rows` among them, `changes` of the structure.
    """
    for left in (home.landing / source.name).glob(".landing-*"):  # a killed run's scratch; nobody else lands this source now
        shutil.rmtree(left, ignore_errors=True)
    approach = approach_of(home, source, zone, resolver, say)
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
    return {
        "batches": len(landed),
        "rows": sum(each.rows for each in landed),
        "malformed_rows": sum(each.malformed_rows for each in landed),
        "changes": sum(len(each.drift) for each in landed),
    }
