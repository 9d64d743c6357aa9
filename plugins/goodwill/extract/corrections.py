"""Corrections made by hand: changed rows land as a batch of their own, which the next night reads in place of the rows they replace.

Nothing that landed is changed. A correction holds as long as the batch it corrects is read, and over the rows that a later one brings as they
were (`goodwill.extract.carrying`); of a corrected row that the source changes it has the word. What another setting makes readable needs no correction: the next night reads it again by itself.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.extract.approaching import short
from goodwill.extract.batches import WITHDRAWN, Manifest, active_batches, is_withdrawn, read_manifests, rows_file
from goodwill.extract.chains import Chain, spread
from goodwill.extract.contents import whole_columns
from goodwill.extract.selecting import select
from goodwill.extract.structure import mappers
from goodwill.extract.totals import measure
from goodwill.extract.writing import write_batch
from goodwill.files import digest, replace_text
from goodwill.home import Home
from goodwill.sources import Source, Sources
from goodwill.sources.connectors.protocol import ROW_PLUMBING, ROWS
from goodwill.sql import column_key, identifier, literal

__all__ = [
    "Correction",
    "Signed",
    "correct",
    "corrections",
    "every_correction",
    "land_correction",
    "lineage",
    "unfit",
    "unread",
    "withdraw",
]


@dataclass(frozen=True)
class Signed:
    """Who answers for a correction, and why it was made."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise GoodwillError("a correction needs a name and a reason", "say who answers for it with --by, and why with --reason")


@dataclass(frozen=True)
class Correction:
    """A correction and how it stands: `in force`, `void`, `withdrawn` or `carried over`, and what is to be said about that.

    `fallen` are rows that it no longer holds for, be it void or carried over without them.
    """

    manifest: Manifest
    state: str
    said: str = ""
    fallen: int = 0

    @property
    def fell(self) -> str:
        """That it holds no longer, or for fewer rows, in a sentence without its end."""
        rows = len(self.manifest.corrects)
        stands = "is void" if self.fallen == rows else f"no longer holds for {self.fallen} of its {rows} rows"
        return f"the correction {self.manifest.batch_id} by {self.manifest.corrected_by} {stands}: {self.said}"


def land_correction(home: Home, source: Source, zone: str, chain: Chain, signed: Signed, rows: str, old: Manifest | None) -> Manifest:
    """Land `rows`, a file with the plumbing of those that count now, as a correction of the chain's batches; `old` is the one it carries on."""
    stamp = now().isoformat(sep=" ", timespec="milliseconds")
    batch_id = short("correction", source.name, chain.root.batch_id, stamp, digest(Path(rows)))
    labels = {"__batch_id": literal(batch_id), "__file": literal(chain.root.file), "__extracted_at": f"timestamp {literal(stamp)}"}
    listed = [*map(identifier, chain.columns), *(name for name in ROW_PLUMBING if name not in labels)]

    def manifest(folder: Path) -> Manifest:
        with duckdb.connect() as connection:
            given = f"read_parquet({literal(rows)})"
            corrects = connection.execute(f"select __batch_id, __row_no from {given} order by __row_no").fetchall()
            values = ", ".join([*listed, *(f"{value} as {name}" for name, value in labels.items())])
            target = literal(str(folder / ROWS))
            connection.execute(f"copy (select {values} from {given} order by __row_no) to {target} (format parquet, compression zstd)")
            relation = f"select {', '.join(listed)} from read_parquet({target})"
            mapped = mappers(source, chain.columns, zone)
            return Manifest(
                batch_id=batch_id,
                source=source.name,
                file=chain.root.file,
                file_sha256=digest(Path(rows)),
                file_bytes=Path(rows).stat().st_size,
                extracted_at=stamp,
                rows=len(corrects),
                malformed_rows=0,
                columns=chain.columns,
                rows_sha256=digest(folder / ROWS),
                totals={entity: measure(connection, mapper, relation) for entity, mapper in mapped.items()},
                supersedes=old.batch_id if old else None,
                reading=short(source.reading()),
                whole=False,
                corrects=tuple(corrects),
                corrected_by=signed.by,
                reason=signed.reason,
            )

    landed = write_batch(home, manifest, source.name)
    assert landed is not None
    return landed


def unfit(chain: Chain, changed: dict[int, dict[str, str]]) -> list[str]:
    """The changed values that do not fit the types of a source that has types; text always fits."""
    problems = []
    with duckdb.connect() as connection:
        for row, cells in changed.items():
            for name, value in cells.items():
                sql_type = chain.columns[name]
                if value and sql_type != "VARCHAR":
                    fits = connection.execute(f"select try_cast(? as {sql_type}) is not null", [value]).fetchone()
                    problems += [f"row {row}, column {name!r}: {value!r} is not a {sql_type}"] if fits == (False,) else []
    return problems


def _edit(connection: duckdb.DuckDBPyConnection, source: Source, chain: Chain, changed: dict[int, dict[str, str]]) -> None:
    """On a connection of the chain's rows, the table `corrected`: the changed rows, and as they are those that are read together with them."""
    edits = [(row, name, value or None) for row, cells in changed.items() for name, value in cells.items()]
    connection.execute("create temp table edits (row_no bigint, name varchar, value varchar)")
    connection.executemany("insert into edits values (?, ?, ?)", edits)
    connection.execute("create temp table edited as select * from rows where __row_no in (select row_no from edits)")
    connection.execute("update edited set __malformed = null, __line = null")
    for name in dict.fromkeys(name for _, name, _ in edits):
        these = f"(select row_no, cast(value as {chain.columns[name]}) as value from edits where name = {literal(name)})"
        connection.execute(f"update edited set {identifier(name)} = e.value from {these} as e where e.row_no = __row_no")
    connection.execute("create view pool as select * from rows union all by name select * from edited")
    connection.execute("create temp table wanted as select distinct row_no from edits")
    spread(connection, source)
    connection.execute(
        "create temp table corrected as select * from edited union all by name select * from rows "
        "where __row_no in (select row_no from wanted) and __row_no not in (select __row_no from edited)"
    )


def _whole(chain: Chain, source: Source) -> dict[str, int]:
    return whole_columns(manifest.profile for manifest in active_batches(chain.home, source))


def unread(source: Source, zone: str, chain: Chain, changed: dict[int, dict[str, str]]) -> list[str]:
    """The changed values that still cannot be read as the source declares: each would be rejected again.

    Parameters
    ----------
    changed : row number → column → its new text, which fits the column's type.
    """
    found: dict[str, None] = {}
    with chain.rows() as connection:
        _edit(connection, source, chain, changed)
        for entity, mapper in mappers(source, chain.columns, zone, _whole(chain, source)).items():
            reads = {name: {column_key(each) for each in how.source_columns()} for name, how in mapper.mapping.columns.items()}
            rows = connection.execute(
                f"select _row_no, p.column_name, p.reason, p.value from (select _row_no, unnest(_problems) as p from ({select(mapper, 'corrected')}))"
            ).fetchall()
            for row, column, reason, value in rows:
                # a group has the number of its first row: any of its changed rows may be the one
                cells = changed.get(row, {}) if not mapper.mapping.group_by else {name for some in changed.values() for name in some}
                if reads.get(column, set()) & {column_key(name) for name in cells}:
                    found[f"row {row}, {entity}.{column}: {reason}" + ("" if value is None else f", value {value!r}")] = None
    return list(found)


def correct(home: Home, source: Source, zone: str, chain: Chain, signed: Signed, changed: dict[int, dict[str, str]]) -> Manifest:
    """Land changed rows of a chain, and with them, as they are, the rows that are read together with them.

    Parameters
    ----------
    changed : row number → column → its new text, which fits; empty text is nothing.
    """
    with tempfile.TemporaryDirectory() as scratch, chain.rows() as connection:
        _edit(connection, source, chain, changed)
        target = str(Path(scratch) / "corrected.parquet")
        connection.execute(f"copy corrected to {literal(target)} (format parquet)")
        return land_correction(home, source, zone, chain, signed, target, None)


def every_correction(home: Home, source: Source) -> list[Manifest]:
    """The corrections of a source, in whatever state, oldest first."""
    return [manifest for manifest in read_manifests(home, source.name) if manifest.corrects]


def lineage(manifest: Manifest, by_id: dict[str, Manifest]) -> str:
    """The first of the corrections that this one carries on."""
    while manifest.supersedes and manifest.supersedes in by_id:
        manifest = by_id[manifest.supersedes]
    return manifest.batch_id


def corrections(home: Home, source: Source) -> list[Correction]:
    """Every correction of a source, oldest first, and how it stands."""
    every = every_correction(home, source)
    active = {manifest.batch_id for manifest in active_batches(home, source)}
    carried = {manifest.supersedes: len(manifest.corrects) for manifest in every if manifest.supersedes}
    found = []
    for manifest in every:
        if manifest.batch_id in active:
            found.append(Correction(manifest, "in force"))
        elif is_withdrawn(home, manifest):
            note = json.loads((rows_file(home, manifest).parent / WITHDRAWN).read_text(encoding="utf-8"))
            found.append(Correction(manifest, "withdrawn", f"by {note['by']}: {note['reason']}"))
        elif manifest.batch_id in carried:
            fallen = len(manifest.corrects) - carried[manifest.batch_id]
            said = "the same rows were read again, with other settings or sent once more"
            found.append(
                Correction(
                    manifest, "carried over", said + ("; the source has changed the others, or left them out" if fallen else ""), fallen
                )
            )
        else:
            said = f"the source sent {manifest.file} again, or what it corrects no longer counts"
            found.append(Correction(manifest, "void", said, len(manifest.corrects)))
    return found


def withdraw(home: Home, sources: Sources, batch_id: str, signed: Signed) -> list[Manifest]:
    """Take a correction back: what it replaced counts again. Returns the corrections that no longer hold, itself first.

    Raises
    ------
    GoodwillError : there is no such correction, or it is withdrawn already.
    """
    for source in sources.sources:
        every = {manifest.batch_id: manifest for manifest in every_correction(home, source)}
        if batch_id not in every:
            continue
        if is_withdrawn(home, every[batch_id]):
            raise GoodwillError(f"the correction {batch_id} is withdrawn already", "goodwill quarantine corrections lists them")
        before = [manifest for manifest in active_batches(home, source) if manifest.corrects]
        line = lineage(every[batch_id], every)
        note = json.dumps({"by": signed.by, "reason": signed.reason, "at": now().isoformat(sep=" ", timespec="milliseconds")})
        for manifest in every.values():
            if lineage(manifest, every) == line:
                replace_text(rows_file(home, manifest).parent / WITHDRAWN, note)
        after = {manifest.batch_id for manifest in active_batches(home, source)}
        fallen = [manifest for manifest in before if manifest.batch_id not in after and manifest.batch_id != batch_id]
        return [every[batch_id], *fallen]
    raise GoodwillError(f"there is no correction {batch_id!r}", "goodwill quarantine corrections lists them")
