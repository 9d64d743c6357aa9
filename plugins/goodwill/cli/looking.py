"""A look at a source for `goodwill check`: what it would give, read and mapped as the night would, and landed nowhere."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from goodwill.entities import ENTITIES, WORDS, Entity
from goodwill.extract.approaching import short
from goodwill.extract.batches import Manifest
from goodwill.extract.contents import profile, whole_columns
from goodwill.extract.drift import Change, changes, judged, refuse_changed, sentence
from goodwill.extract.mapping import Mapper
from goodwill.extract.partial import partial_warnings
from goodwill.extract.selecting import select
from goodwill.extract.structure import check_columns, mappers
from goodwill.extract.totals import measure
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import ROWS, Labels, Part
from goodwill.sql import column_key, literal, literals

__all__ = ["Finding", "Look"]

#: Parts that are mapped together: planning a mapping costs more than reading a small file.
_PARTS, _ROWS = 50, 2_000_000
#: Where numbers are too large: the bounds of the macro `in_range`.
_BOUNDS = {"money": 10**12, "price": 10**12, "quantity": 10**9}


@dataclass
class Finding:
    """What a source would give; or, with `error`, why it or one part of it cannot be read.

    Parameters
    ----------
    file : what of the source this is about: its path or table, or the one part that cannot be read.
    parts, rows : read.
    is_cut : only so many rows of a table or a resource were read; what stands behind them was not looked at.
    entities : entity → how each of its columns is read.
    counts : entity → its rows, and those with an error; without rows that were corrected by hand, which count as corrected.
    noticed : what the night would warn of, and read all the same.
    problems : entity, column, reason → how many, and the first of them in words.
    """

    source: str
    file: str
    parts: int = 0
    rows: int = 0
    is_cut: bool = False
    entities: dict[str, str] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    problems: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)
    noticed: list[str] = field(default_factory=list)
    error: str = ""


def _mapped(column: str, sources: set[str]) -> str:
    """`order_id`, where the source calls it the same; `order_id ← Order number`; `channel ← a constant`."""
    return column if sources == {column} else f"{column} ← {', '.join(sorted(sources)) or 'a constant'}"


def _how(mapper: Mapper) -> str:
    columns = mapper.mapping.columns.items()
    return ", ".join(
        _mapped(column, {name for name in mapping.source_columns() if column_key(name) in mapper.types})
        for column, mapping in columns
        if not mapping.missing(mapper.types)
    )


def _problems(entity: Entity, columns: set[str]) -> str:
    """What is wrong with a row as SQL: what could not be read, and what staging would reject by the row alone: an unknown word, a number too large."""
    column, words, reason = WORDS.get(entity.name, ("", (), ""))
    rules = {(column, reason): f"lower(trim({column})) not in ({literals(words)})"} if column in columns else {}
    rules |= {
        (each.name, "OUT_OF_RANGE"): f"abs({each.name}) >= {_BOUNDS[each.kind]}"
        for each in entity.columns
        if each.name in columns and each.kind in _BOUNDS
    }
    found = ", ".join(
        f"case when {test} then [{{'column_name': {literal(name)}, 'reason': {literal(reason)}, 'value': cast({name} as varchar)}}] else [] end"
        for (name, reason), test in rules.items()
    )
    return f"flatten([_problems, {found}])" if found else "_problems"


def _hint(source: Source, reason: str, value: str | None) -> str:
    """What setting a number with another decimal mark may want: nothing is guessed, and `1,250` may be either."""
    if reason == "BAD_NUMBER" and source.decimal == "." and re.fullmatch(r"[+-]?[\d. '\u00a0\u202f]*\d,\d+", value or ""):
        return ' (if the comma is its decimal mark: decimal: ",")'
    return ""


def _emptied(source: Source, column: str) -> str:
    """What becomes of a column of the source that is gone, if it is read."""
    names = [
        f"{entity}.{name}"
        for entity, mapping in source.entities.items()
        for name, how in mapping.columns.items()
        if column_key(column) in map(column_key, how.source_columns())
    ]
    return f": {', '.join(names)} {'is' if len(names) == 1 else 'are'} empty, or made of what is left" if names else ""


class Look:
    """A look at one source: its parts are written to a scratch folder, and those with the same columns mapped together.

    Parameters
    ----------
    landed : what has landed of the source, in order.
    limit : rows of a table or a resource that are read.
    """

    def __init__(self, source: Source, zone: str, landed: list[Manifest], scratch: Path, limit: int) -> None:
        self.source, self.zone, self.scratch, self.limit = source, zone, scratch, limit
        self.landed = [each for each in landed if not each.corrects]
        self.had = [each.columns for each in landed]
        self.profiles = [each.profile for each in landed]
        self.columns_of = {each.file: each.columns for each in landed if each.columns}
        own = {each.batch_id: each for each in landed if not each.corrects}
        self.corrected = {(own[batch].file, own[batch].file_sha256, row) for each in landed for batch, row in each.corrects if batch in own}
        self.skipped: set[tuple[str, int]] = set()
        self.finding = Finding(source.name, str(getattr(source, "part_name", getattr(source, "path", source.name))))
        self._columns: dict[str, str] = {}
        self._waiting: list[Path] = []
        self._rows = 0

    def add(self, part: Part) -> None:
        """Read a part. Raises `SourceError` where the night would stop."""
        columns = part.columns()
        if columns:
            mapped = mappers(self.source, columns, self.zone)
            check_columns(self.source, part.name, mapped, columns, self.had)
            if columns != self._columns or len(self._waiting) >= _PARTS or self._rows >= _ROWS:
                self.map_waiting()
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            written = part.write(folder, columns, Labels(folder.name, part.name, "2000-01-01"))
            self._refuse_unreadable(part.name, folder / ROWS, mapped)
            changed, holds = self._changed(part, columns, folder / ROWS, written.rows)
            self.columns_of[part.name] = columns
            warnings = [*written.warnings]
            if self.source.drift == "warn":  # names in other letters are told of as they are read
                warnings += [
                    sentence(each) + (_emptied(self.source, str(each["column"])) if each["kind"] == "removed" else "")
                    for each in changed
                    if each["kind"] != "recased"
                ]
            if written.malformed:
                warnings += partial_warnings(mapped, folder / ROWS)
            self.skipped |= {(file, row) for file, digest, row in self.corrected if (file, digest) == (part.name, part.sha256)}
            self.finding.noticed += [f"{part.name}: {warning}" for warning in warnings]
            self.profiles.append(holds)
            self._columns = columns
            self._waiting.append(folder)
            self._rows += written.rows
            self.finding.rows += written.rows
            self.finding.is_cut = self.finding.is_cut or (part.sha256 is None and written.rows >= self.limit)
        self.finding.parts += 1

    def _changed(self, part: Part, columns: dict[str, str], rows: Path, count: int) -> tuple[Sequence[Change], dict[str, str]]:
        """What changed against what landed, or in the part before this one, and what the columns hold. Raises `SourceError` where that stops the night."""
        own = [each for each in self.landed if each.file == part.name]
        if self.landed and (own or not self.finding.parts):
            near = [*own[-1:], *reversed(self.landed)]
            return judged(self.source, part.name, near, columns, rows, count, short(self.source.reading()), part.sha256 or "")
        before = self.columns_of.get(part.name) or next(reversed(self.columns_of.values()), None)
        found = changes(before, columns) if before else ()
        refuse_changed(self.source, part.name, found)
        return found, profile(rows, self.source, columns)

    def _refuse_unreadable(self, part: str, rows: Path, mapped: dict[str, Mapper]) -> None:
        """Raise where no amount or no time of a part can be read: the night's control totals would stop it."""
        relation = f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet({literal(str(rows))})"
        with duckdb.connect() as connection:
            for mapper in mapped.values():
                measure(connection, mapper, relation, part=part)

    def map_waiting(self) -> None:
        """Map what was read since the last time."""
        if self._waiting:
            relation = f"read_parquet([{literals(str(folder / ROWS) for folder in self._waiting)}])"
            with duckdb.connect() as connection:
                for entity, mapper in mappers(self.source, self._columns, self.zone, whole_columns(self.profiles)).items():
                    self._count(connection, entity, mapper, relation)
        for folder in self._waiting:
            shutil.rmtree(folder)
        self._waiting, self._rows = [], 0

    def _count(self, connection: duckdb.DuckDBPyConnection, entity: str, mapper: Mapper, relation: str) -> None:
        finding = self.finding
        problems = _problems(ENTITIES[entity], set(mapper.mapping.columns))
        connection.execute(
            f"create or replace temp table looked as select _file, _row_no, {problems} as _problems from ({select(mapper, relation)})"
        )
        if self.skipped:
            connection.execute("create or replace temp table corrected (file varchar, row_no bigint)")
            connection.executemany("insert into corrected values (?, ?)", [list(each) for each in self.skipped])
            connection.execute("delete from looked where exists (select 1 from corrected where file = _file and row_no = _row_no)")
        counted = connection.execute("select count(*), count(*) filter (where len(_problems) > 0) from looked").fetchone() or (0, 0)
        before = finding.counts.get(entity, (0, 0))
        finding.counts[entity] = (before[0] + counted[0], before[1] + counted[1])
        finding.entities.setdefault(entity, _how(mapper))
        found = connection.execute(
            "select p.column_name, p.reason, count(*), arg_min((_file, _row_no, p.value), (_file, _row_no)) "
            "from (select _file, _row_no, unnest(_problems) as p from looked) group by all order by 1, 2"
        ).fetchall()
        for column, reason, times, (file, number, value) in found:
            shown = "" if value is None else f", value {value!r}"
            first = f"{file}, row {number}, column {column or '-'}: {reason}{shown}{_hint(self.source, reason, value)}"
            had, example = finding.problems.get((entity, column, reason), (0, first))
            finding.problems[entity, column, reason] = (had + times, example)
