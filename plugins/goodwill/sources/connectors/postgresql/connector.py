"""The connector of PostgreSQL: one part, which is a table or a query, or what its cursor says is new in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.connectors.postgresql.reaching import Server, Snapshot, told
from goodwill.sources.connectors.postgresql.selecting import Asked, Described, describe
from goodwill.sources.connectors.postgresql.settings import PostgresqlSource
from goodwill.sources.connectors.protocol import PARQUET, ROWS, Approach, Labels, Written
from goodwill.sources.databases import Measure, compare, content_digest, measure_written, measures_of
from goodwill.sql import literal

__all__ = ["CONNECTOR"]

#: What stands beside the columns of a row with a value that the engine cannot hold.
_ODD = ("__malformed", "__line")
_REMEDY = "see that the server is up and lets this user read; then run again: nothing was landed"


@dataclass(frozen=True)
class PostgresqlPart:
    """One pull."""

    source: PostgresqlSource
    server: Server
    approach: Approach

    sha256: None = None

    @property
    def name(self) -> str:
        return self.source.part_name

    def _told(self, doing: str) -> Any:
        return told(self.source.name, f"{self.name}: {doing}", self.server.credentials, _REMEDY)

    @cached_property
    def _described(self) -> Described:
        with self._told("looking"), self.server.session() as cursor:
            return describe(self.source, cursor)

    def columns(self) -> dict[str, str]:
        return self._described.columns

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        file, limit = folder / ROWS, self.approach.limit
        pulled = self._pulled(columns, labels, file)
        rows, (low, high, undated) = pulled.rows, pulled.marks
        with duckdb.connect() as connection:
            if limit is None:
                written = measure_written(connection, file, columns, list(pulled.totals))
                compare(self.source.name, self.name, columns, pulled.totals, written)
            else:
                rows = min(rows, limit)
            (malformed,) = connection.execute(f"select count(__malformed) from read_parquet({literal(str(file))})").fetchall()[0]
            digest = content_digest(connection, file, columns)
        notes = {f"{self.source.cursor}:NO_CURSOR": int(undated)} if int(undated) else {}
        relation = f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet({literal(str(file))})"
        return Written(rows, malformed, relation, digest, file.stat().st_size, None, low, high, notes=notes)

    def _pulled(self, columns: dict[str, str], labels: Labels, file: Path) -> _Counted:
        """The rows in `file`, and the server's own control totals of the same moment; once more where odd values must be set apart."""
        approach, money = self.approach, self._described.money
        asked = Asked(self.source, columns, money, approach.cursor_high, self.source.time_zone or approach.zone)
        while True:
            with self._told("reading"), self.server.snapshot() as snapshot:
                if snapshot.types(asked.rows()) != columns | dict.fromkeys(_ODD if asked.odd else (), "VARCHAR"):
                    raise SourceError(f"source {self.source.name!r}: {self.name} was altered while it was read", "run again")
                with self._counting(snapshot, asked) as result:
                    _copy(snapshot, asked, approach.limit, labels, file)
                counted = result()
                odd = asked.odd_columns(counted.totals)
                if not odd:
                    self._refuse_empty(asked, snapshot, counted.rows)
                    return counted
            asked = replace(asked, odd=asked.odd | odd)

    @contextmanager
    def _counting(self, snapshot: Snapshot, asked: Asked) -> Iterator[Callable[[], _Counted]]:
        """The control totals, counted while something else is done; or before that, where only the same session is sure to see the same."""
        if self._described.is_table:
            with ThreadPoolExecutor(1) as pool:
                yield pool.submit(_counted_beside, self.server, snapshot.shared(), asked).result
        else:
            counted = _counted(snapshot.ask, asked)
            yield lambda: counted

    def _refuse_empty(self, asked: Asked, snapshot: Snapshot, rows: int) -> None:
        """No row at all is an error, unless the source says it may be; no row that is new is not."""
        if rows or self.source.empty_allowed or (asked.high is not None and snapshot.ask(replace(asked, high=None).rows(1))):
            return
        raise SourceError(
            f"source {self.source.name!r}: {self.name} is empty (0 rows)",
            "see what happened there, or set 'empty_allowed: true' for this source",
        )

    def verify(self) -> None:
        """Nothing to look at again: data and control totals are of one snapshot, and were held against each other."""


@dataclass(frozen=True)
class _Counted:
    """What the server counted: its control totals, and the lowest and the highest cursor and how many rows have none."""

    totals: dict[Measure, str | None]
    marks: tuple[str | None, str | None, str]

    @property
    def rows(self) -> int:
        return int(self.totals[Measure("rows")] or 0)


def _counted(ask: Callable[[str], list[tuple[Any, ...]]], asked: Asked) -> _Counted:
    measures = measures_of(asked.columns)
    (row,) = ask(asked.totals(measures))
    return _Counted(dict(zip(measures, row[:-3], strict=True)), row[-3:])


def _counted_beside(server: Server, snapshot: str, asked: Asked) -> _Counted:
    """The same in a session of its own, which a server can serve while another one reads."""
    with server.session(snapshot) as cursor:

        def ask(query: str) -> list[tuple[Any, ...]]:
            cursor.execute(query)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

        return _counted(ask, asked)


def _copy(snapshot: Snapshot, asked: Asked, limit: int | None, labels: Labels, file: Path) -> None:
    """Stream the rows to Parquet, numbered as they come. What is true of all of them is not sent."""
    plumbing = [
        *(() if asked.odd else (f"cast(null as enum ('')) as {name}" for name in _ODD)),
        "row_number() over () as __row_no",
        f"{_constant(labels.batch_id)} as __batch_id",
        f"{_constant(labels.file)} as __file",
        f"timestamp {literal(labels.extracted_at)} as __extracted_at",
    ]
    rows = f"select *, {', '.join(plumbing)} from {snapshot.relation(asked.rows(limit))}"
    snapshot.connection.execute(f"copy ({rows}) to {literal(str(file))} ({PARQUET})")


def _constant(text: str) -> str:
    """A text that is the same in all rows, of a type whose dictionary is known: none is looked for while it is written."""
    return f"cast({literal(text)} as enum ({literal(text)}))"


class PostgresqlConnector:
    """Tables of a PostgreSQL server."""

    settings = PostgresqlSource

    def parts(self, source: PostgresqlSource, approach: Approach) -> Iterator[PostgresqlPart]:
        if approach.credentials is None:
            raise ConfigurationError(f"source {source.name!r}: nobody knows connections here", "run it as a night does")
        yield PostgresqlPart(source, Server(approach.credentials(source.connection), source.timeout_seconds), approach)


CONNECTOR = PostgresqlConnector()
