"""The rows of a batch as they count now: its own and those of its corrections; and which of them are read together.

A correction keeps the row numbers of what it corrects, so a row number names one row in a batch and all its corrections.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import duckdb

from goodwill.extract.batches import Manifest, active_batches, rows_file
from goodwill.home import Home
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sql import identifier, literals

__all__ = ["Chain", "Row", "chains", "read_rows", "spread", "ties", "together"]


@dataclass(frozen=True)
class Row:
    """A row as the source wrote it, every value as text (empty for nothing), and what was wrong with the record itself."""

    batch_id: str
    row_no: int
    values: dict[str, str]
    malformed: str | None
    line: str | None


@dataclass(frozen=True)
class Chain:
    """A batch and the corrections of its rows that are in force, in order."""

    home: Home
    root: Manifest
    corrections: tuple[Manifest, ...] = ()

    @cached_property
    def columns(self) -> dict[str, str]:
        return self.root.columns

    @property
    def batches(self) -> tuple[Manifest, ...]:
        return (self.root, *self.corrections)

    @cached_property
    def corrected(self) -> dict[tuple[str, int], str]:
        """`(batch_id, row_no)` of rows that no longer count → the correction that replaced them."""
        return {(batch, row): each.batch_id for each in self.corrections for batch, row in each.corrects}

    @contextmanager
    def rows(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the view `rows`: those that count, with the source's columns and the plumbing of landing."""
        files = literals(str(rows_file(self.home, each)) for each in self.batches)
        with duckdb.connect() as connection:
            gone = "create temp table gone (batch_id varchar, row_no bigint)"
            connection.execute(gone)
            if self.corrected:
                connection.executemany("insert into gone values (?, ?)", [list(key) for key in self.corrected])
            connection.execute(
                f"create view rows as select {', '.join([*map(identifier, self.columns), *ROW_PLUMBING])} "
                f"from read_parquet([{files}], union_by_name=true) as landed "
                "where not exists (select 1 from gone where gone.batch_id = landed.__batch_id and gone.row_no = landed.__row_no)"
            )
            yield connection


def chains(home: Home, source: Source) -> list[Chain]:
    """The batches a night would read now, each with its corrections."""
    found: list[Chain] = []
    for manifest in active_batches(home, source):
        if manifest.corrects:
            found[-1] = Chain(home, found[-1].root, (*found[-1].corrections, manifest))
        else:
            found.append(Chain(home, manifest))
    return [chain for chain in found if chain.columns]


def read_rows(connection: duckdb.DuckDBPyConnection, chain: Chain, where: str) -> list[Row]:
    """Rows of the view `rows` that meet `where`, by number."""
    shown = ", ".join(f"coalesce(cast({identifier(name)} as varchar), '')" for name in chain.columns)
    found = connection.execute(f"select __batch_id, __row_no, __malformed, __line, {shown} from rows where {where} order by __row_no")
    return [
        Row(batch, number, dict(zip(chain.columns, values, strict=True)), malformed, line)
        for batch, number, malformed, line, *values in found.fetchall()
    ]


def ties(source: Source) -> list[tuple[str, ...]]:
    """The sets of source columns that rows are read together by: those of groups, and of keys that number their rows."""
    found: dict[tuple[str, ...], None] = {}
    for mapping in source.entities.values():
        sets = [mapping.group_by] + [names for each in mapping.columns.values() for names in (each.hash, each.occurrence) if names]
        found |= {tuple(sorted(name.strip() for name in names)): None for names in sets if names}
    return list(found)


def together(connection: duckdb.DuckDBPyConnection, source: Source, relation: str, rows: Collection[int]) -> set[int]:
    """These rows of `relation` (SQL, with the source's columns and the plumbing of landing), and all that are read together with them."""
    if not rows:
        return set()
    connection.execute(f"create or replace temp view pool as {relation}")
    connection.execute("create or replace temp table wanted (row_no bigint)")
    connection.executemany("insert into wanted values (?)", [[row] for row in rows])
    spread(connection, source)
    return {row for (row,) in connection.execute("select row_no from wanted").fetchall()}


def spread(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Add to the table `wanted(row_no)` every row of `pool` that is read together with one in it, until there are no more.

    A line that is not whole belongs to no group.
    """
    while True:
        before = connection.execute("select count(*) from wanted").fetchone()
        for columns in ties(source):
            same = " and ".join(f"near.{identifier(name)} is not distinct from far.{identifier(name)}" for name in columns)
            connection.execute(
                "insert into wanted select distinct far.__row_no from pool as far "
                f"inner join (select * from pool where __row_no in (select row_no from wanted)) as near on {same} "
                "where far.__malformed is null and near.__malformed is null and far.__row_no not in (select row_no from wanted)"
            )
        if connection.execute("select count(*) from wanted").fetchone() == before:
            return
