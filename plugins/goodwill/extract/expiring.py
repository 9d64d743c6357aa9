"""Rows whose time is over: what is personal in them is emptied, whose an event was is nobody's; amounts, times, kinds and ids stay.

There is one nobody for all, so that neither a key nor another row leads back to the person. Orders, refunds and subscriptions keep whose they
were for as long as the person is kept: whom a cohort counts, and when they came, hangs on their first one.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from goodwill.extract.forgetting import ERASED
from goodwill.extract.mapping import Mapper
from goodwill.extract.roles import Role, roles_of
from goodwill.extract.structure import mappers
from goodwill.sources import Source
from goodwill.sources.declared import ColumnMapping, EntityMapping
from goodwill.sql import column_key, identifier, literal

__all__ = ["CUT", "NOBODY", "NOBODY_NUMBER", "count_over", "expire", "why_not"]

#: Whose an event is that is nobody's, as text and as number; the macro `is_nobody` knows both.
NOBODY, NOBODY_NUMBER = "nobody", -2_147_483_647

#: Entity → the column that says whose a row is, where it is cut off.
CUT = {"contact_events": "contact_ref"}

#: Entity → the time its period is counted from, where that is not when it happened: what still runs is not over.
_OVER_SINCE = {"subscriptions": "ended_at"}

#: The types of numbers that can hold the number of nobody.
_NUMBERS = frozenset({"INTEGER", "BIGINT", "HUGEINT"})

_EMPTIED = frozenset({"value", "text", "phone"})


class _Batch:
    """The rows of a batch on a connection, which of them are over by entity, and what their cells become."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source, zone: str, columns: dict[str, str], path: Path) -> None:
        self.connection, self.columns = connection, columns
        self.mapped, self.roles = mappers(source, columns, zone), roles_of(source, columns, zone)
        self.tables: dict[str, str] = {}
        connection.execute(f"set temp_directory = {literal(str(path.parent / 'spill'))}")
        connection.execute(f"create view landed as select * from read_parquet({literal(str(path))})")

    def find(self, before: Mapping[str, dt.datetime], held: Collection[str]) -> None:
        """Fill a table an entity: the numbers of the rows that happened before its moment, but for those of people who are held back."""
        self.connection.execute("create table held (key varchar)")
        self.connection.execute("insert into held select unnest(?)", [sorted(held)])
        for number, (entity, mapper) in enumerate(sorted(self.mapped.items())):
            if entity in before:
                self.tables[entity] = f"over_{number}"
                kept = [f"coalesce({role.key} in (from held), false)" for role in self.roles.roles if role.entity == entity and role.key]
                self.connection.execute(
                    f"create table over_{number} as select __row_no as __over from (select *, {_happened(mapper)} as __happened from landed {mapper.where()}) "
                    f"where __happened < timestamp {literal(before[entity].isoformat(sep=' '))} and not ({' or '.join([*kept, 'false'])})"
                )

    def changed(self) -> dict[str, str]:
        """Column → SQL of its cells, for the columns of which something goes."""
        found = {}
        for name, sql_type in self.columns.items():
            readers = [entity for entity, mapper in self.mapped.items() if _reads(mapper.mapping, name)]
            becomes = self._becomes(name, sql_type, readers)
            if becomes:
                tables = [self.tables[each] for each in readers or self.tables]
                over = (" and " if readers else " or ").join(f"{table}.__over is not null" for table in tables)
                cell = f"landed.{identifier(name)}"
                found[name] = f"case when {cell} is not null and ({over}) then {becomes} else {cell} end"
        if self.tables:
            over = " or ".join(f"{table}.__over is not null" for table in self.tables.values())
            found["__line"] = f"case when landed.__line is not null and ({over}) then {literal(ERASED)} else landed.__line end"
        return found

    def _becomes(self, name: str, sql_type: str, readers: list[str]) -> str | None:
        """What stands in a column of a row that is over; `None` where it stays as it is: another entity reads it, or it tells of nobody."""
        empty = f"cast(null as {sql_type})"
        if not readers:
            return empty if self.tables else None
        if not all(reader in self.tables for reader in readers):
            return None
        roles = self.roles.of_column(name)
        if any(CUT.get(role.entity) == role.column for role in roles):
            return _nobody(sql_type)
        fed = [(reader, column) for reader in readers for column, how in self.mapped[reader].mapping.columns.items() if _reads(how, name)]
        if not fed or {(role.entity, role.column) for role in roles if role.about in _EMPTIED} != set(fed):
            return None
        return literal(ERASED) if column_key(name) in self.roles.held and sql_type == "VARCHAR" else empty

    def joined(self) -> str:
        return "landed " + " ".join(f"left join {table} on landed.__row_no = {table}.__over" for table in self.tables.values())

    def count(self, changed: Mapping[str, str]) -> int:
        """How many rows would be others."""
        tests = " or ".join(f"landed.{identifier(name)} is distinct from {value}" for name, value in changed.items()) or "false"
        (rows,) = self.connection.execute(f"select count(*) from {self.joined()} where {tests}").fetchall()[0]
        return int(rows)


def _reads(mapping: EntityMapping | ColumnMapping, name: str) -> bool:
    return column_key(name) in {column_key(each) for each in mapping.source_columns()}


def _happened(mapper: Mapper) -> str:
    """SQL of the time from which a row's period counts; of one whose time cannot be read, when it landed."""
    entity = mapper.entity
    column = _OVER_SINCE.get(entity.name, entity.event_time)
    read = next((read.typed for read in mapper.reads() if read.column.name == column), "null")
    return f"coalesce({read}, __extracted_at)" if column == entity.event_time else f"cast({read} as timestamp)"


def _nobody(sql_type: str) -> str:
    return literal(NOBODY) if sql_type == "VARCHAR" else f"cast({NOBODY_NUMBER} as {sql_type})"


def count_over(
    source: Source, zone: str, columns: dict[str, str], path: Path, before: Mapping[str, dt.datetime], held: Collection[str] = ()
) -> int:
    """How many of the rows at `path` are over and still tell of somebody. Nothing is changed."""
    with duckdb.connect() as connection:
        batch = _Batch(connection, source, zone, columns, path)
        batch.find(before, held)
        return batch.count(batch.changed())


def expire(
    source: Source, zone: str, columns: dict[str, str], path: Path, before: Mapping[str, dt.datetime], held: Collection[str] = ()
) -> int:
    """Rewrite the rows at `path` that happened before the moment of their entity; returns how many became others.

    Parameters
    ----------
    before : entity → moment in UTC.
    held : identifiers, as the list of the forgotten knows them, of people whose rows are kept as they are.
    """
    with duckdb.connect() as connection:
        batch = _Batch(connection, source, zone, columns, path)
        batch.find(before, held)
        changed = batch.changed()
        rows = batch.count(changed)
        if rows:
            names = [name for name, *_ in connection.execute("describe landed").fetchall()]
            shown = ", ".join(f"{changed.get(name, f'landed.{identifier(name)}')} as {identifier(name)}" for name in names)
            target = path.with_name(f".{path.name}.{os.getpid()}")
            connection.execute(
                f"copy (select {shown} from {batch.joined()} order by landed.__row_no) to {literal(str(target))} (format parquet, compression zstd)"
            )
    if rows:
        os.replace(target, path)
    return rows


def why_not(source: Source, zone: str, columns: dict[str, str], entities: Collection[str]) -> str | None:
    """Why whose a row is cannot be cut off in rows with these columns; `None` where it can."""
    mapped, roles = mappers(source, columns, zone), roles_of(source, columns, zone)
    types = {column_key(name): sql_type for name, sql_type in columns.items()}
    for entity in sorted(set(entities) & mapped.keys() & CUT.keys()):
        others = {column_key(name) for other, mapper in mapped.items() if other != entity for name in mapper.mapping.source_columns()}
        for role in roles.roles:
            if (role.entity, role.column) == (entity, CUT[entity]):
                return next((said for name in sorted(role.reads) if (said := _why_not(role, name, types, roles.held, others))), None)
    return None


def _why_not(role: Role, name: str, types: Mapping[str, str], held: Collection[str], others: Collection[str]) -> str | None:
    if name not in types:
        return None
    what = f"column {name!r}, which says whose {role.entity.replace('_', ' ')} they are,"
    if name in held:
        return f"{what} also chooses, groups or numbers the rows: give them an id of their own"
    if name in others:
        return f"{what} is read by another entity too: read the two from files, or columns, of their own"
    if types[name] != "VARCHAR" and types[name] not in _NUMBERS:
        return f"{what} is of type {types[name]}, which has no place for nobody: map it as a text"
    return None
