"""Land a source: each new or changed file becomes one immutable batch; a file already landed costs a digest, no more."""

from __future__ import annotations

import difflib
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from goodwill.clock import now
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract.batches import MANIFEST, ROWS, EntityTotals, Manifest, read_manifests
from goodwill.extract.mapping import Mapper
from goodwill.extract.reading import FileFacts, columns_of, inspect_file
from goodwill.extract.writing import write_rows
from goodwill.files import digest, sync
from goodwill.home import Home
from goodwill.settings.sources import Source

__all__ = ["find_files", "land_source"]


def find_files(home: Home, source: Source) -> list[Path]:
    """The files a source's path names now, in name order.

    Raises
    ------
    SourceError : there is no such file, or none matches.
    """
    pattern = str(home.root / source.path)  # an absolute path replaces the root
    found = sorted(Path(name) for name in glob.glob(pattern)) if glob.has_magic(pattern) else [Path(pattern)]
    if not found or not all(path.is_file() for path in found):
        what = "matches no file" if glob.has_magic(pattern) else "does not exist"
        raise SourceError(
            f"source {source.name!r}: {source.path} {what} (looked for {pattern})",
            f"put the file there, or mend 'path' of {source.name!r} in sources.yml",
        )
    return found


def named(home: Home, source: Source, path: Path) -> str:
    """How the manifest names a file: relative to the home where the configuration does so."""
    return str(path) if Path(source.path).is_absolute() else str(path.relative_to(home.root))


def mappers(source: Source, columns: dict[str, str], zone: str) -> dict[str, Mapper]:
    """Entity → its mapper for a file with these columns."""
    types = {name.lower(): sql_type for name, sql_type in columns.items()}
    return {name: Mapper(source, ENTITIES[name], mapping, types, source.time_zone or zone) for name, mapping in source.entities.items()}


def check_columns(source: Source, path: Path, mapped: dict[str, Mapper], columns: dict[str, str]) -> None:
    """Refuse a file that lacks a column the mapping reads; the remedy names the likeliest slip."""
    for entity, mapper in mapped.items():
        missing = mapper.missing_columns()
        if missing:
            raise SourceError(
                f"source {source.name!r}: file {path}: no column {', '.join(map(repr, missing))}, which the mapping of "
                f"{entity} reads; the file has: {', '.join(columns) or 'no columns'}",
                _likely_slip(missing, list(columns)) + f"mend the mapping of {source.name!r} in sources.yml, or the file's header",
            )


def _likely_slip(missing: list[str], columns: list[str]) -> str:
    """A whole header taken for one name is a wrong delimiter; a name almost like another is a renamed column."""
    if len(columns) == 1:
        mark = next((mark for mark in (";", "\t", "|", ",") if mark in columns[0]), None)
        return f"the header looks separated by {mark!r}: set 'delimiter' to it; or " if mark else ""
    by_lower = {name.lower(): name for name in columns}
    pairs = [(name, difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)) for name in missing]
    guesses = [f"{name!r} may now be {by_lower[close[0]]!r}" for name, close in pairs if close]
    return f"{'; '.join(guesses)}: " if guesses else ""


def _batch_id(source: Source, name: str, facts: FileFacts) -> str:
    """The same bytes read in the same way are the same batch."""
    how = source.model_dump_json(exclude={"quarantine_share", "empty_allowed", "path"})
    return hashlib.sha256("\n".join((source.name, name, facts.sha256, how)).encode()).hexdigest()[:16]


def _thin(mapper: Mapper) -> Mapper:
    """The mapper reduced to what control totals need: the amount and the time of the event."""
    entity = mapper.entity
    kept = [name for name in (entity.amount, entity.event_time) if name in mapper.mapping.columns]
    columns = tuple(replace(entity.by_name[name], required=False) for name in kept if name)
    wanted = {name: mapper.mapping.columns[name] for name in kept if name}
    return replace(mapper, entity=replace(entity, columns=columns), mapping=mapper.mapping.model_copy(update={"columns": wanted}))


def _totals(connection: duckdb.DuckDBPyConnection, mapper: Mapper, relation: str) -> EntityTotals:
    """Count and sum one entity over the source file itself, not over what was landed of it."""
    thin = _thin(mapper)
    amount, event = (name if name in thin.entity.by_name else None for name in (mapper.entity.amount, mapper.entity.event_time))
    total = f"sum({amount})" if amount else "cast(null as decimal(38,2))"
    unread = f"count(*) filter (where len(list_filter(_problems, p -> p.column_name = '{amount}')) > 0)" if amount else "0"
    span = f"cast(min({event}) as varchar), cast(max({event}) as varchar)" if event else "null, null"
    plumbing = "'' as __batch_id, '' as __file, timestamp '1970-01-01' as __extracted_at"
    rows, sum_, bad, first, last = connection.execute(
        f"select count(*), {total}, {unread}, {span} from ({thin.select(f'(select *, {plumbing} from ({relation}))')})"
    ).fetchone() or (0, None, 0, None, None)
    return EntityTotals(rows, sum_, bad, first, last)


def land_file(home: Home, source: Source, path: Path, zone: str) -> Manifest | None:
    """Land one file; `None` if exactly this is landed already."""
    facts = inspect_file(source, path)
    name = named(home, source, path)
    batch_id = _batch_id(source, name, facts)
    known = [manifest for manifest in read_manifests(home, source.name) if manifest.file == name]
    if known and known[-1].batch_id == batch_id:
        return None
    columns = columns_of(source, path) if facts.size else {}
    mapped = mappers(source, columns, zone)
    if columns:
        check_columns(source, path, mapped, columns)
    stamp = now().isoformat(sep=" ", timespec="milliseconds")
    shelf = home.landing / source.name
    shelf.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".landing-", dir=shelf))
    try:
        if columns:
            written = write_rows(source, facts, columns, (batch_id, name, stamp), folder)
            rows, malformed = written.rows, written.malformed
            with duckdb.connect() as connection:
                totals = {entity: _totals(connection, mapper, written.relation) for entity, mapper in mapped.items()}
            rows_digest = digest(folder / ROWS)
        else:
            rows, malformed, rows_digest, totals = 0, 0, "", {entity: EntityTotals(0, None, 0, None, None) for entity in mapped}
        if digest(path) != facts.sha256:
            raise SourceError(
                f"source {source.name!r}: file {path} changed while it was read", "wait until it is written whole, then run again"
            )
        manifest = Manifest(
            batch_id=batch_id,
            source=source.name,
            file=name,
            file_sha256=facts.sha256,
            file_bytes=facts.size,
            extracted_at=stamp,
            rows=rows,
            malformed_rows=malformed,
            columns=columns,
            rows_sha256=rows_digest,
            totals=totals,
            supersedes=known[-1].batch_id if known else None,
        )
        for extra in folder.iterdir():
            if extra.name != ROWS:
                extra.unlink()
        if columns:
            sync(folder / ROWS)
        (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        sync(folder / MANIFEST)
        target = shelf / batch_id
        if target.exists():  # the same bytes were superseded in between and are back: this batch is the newer one
            shutil.rmtree(target)
        os.rename(folder, target)
        sync(shelf)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return manifest


def land_source(home: Home, source: Source, zone: str, say: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Land every new or changed file of a source.

    Returns
    -------
    Counts: `files` seen, `batches` landed, `rows` landed, `malformed_rows` among them.
    """
    landed: list[Manifest] = []
    files = find_files(home, source)
    for path in files:
        manifest = land_file(home, source, path, zone)
        if manifest:
            landed.append(manifest)
            say(f"{manifest.file}: {manifest.rows:,} rows")
    return {
        "files": len(files),
        "batches": len(landed),
        "rows": sum(each.rows for each in landed),
        "malformed_rows": sum(each.malformed_rows for each in landed),
    }
