"""The connector of PostgreSQL: one part, which is a table or a query, or what its cursor says is new in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.connectors.postgresql.reaching import Server, told
from goodwill.sources.connectors.postgresql.selecting import Asked, describe
from goodwill.sources.connectors.postgresql.settings import PostgresqlSource
from goodwill.sources.connectors.protocol import ROWS, Approach, Labels, Written
from goodwill.sources.databases import Measure, compare, content_digest, measure_written, measures_of
from goodwill.sql import literal

__all__ = ["CONNECTOR"]

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

    def columns(self) -> dict[str, str]:
        with self._told("looking"), self.server.session() as cursor:
            return describe(self.source, cursor)[0]

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        file, limit = folder / ROWS, self.approach.limit
        with self._told("reading"), self.server.attached() as (connection, snapshot), self.server.session(snapshot) as cursor:
            found, money = describe(self.source, cursor)
            if found != columns:
                raise SourceError(f"source {self.source.name!r}: {self.name} was altered while it was read", "run again")
            asked = Asked(self.source, columns, money, self.approach.cursor_high, self.source.time_zone or self.approach.zone)
            asked, totals, (low, high, undated) = self._count(asked, cursor)
            rows = int(totals[Measure("rows")] or 0)
            self._refuse_empty(asked, cursor, rows)
            _copy(connection, asked.rows(limit).as_string(cursor), labels, file)
        with duckdb.connect() as connection:
            if limit is None:
                compare(self.source.name, self.name, columns, totals, measure_written(connection, file, columns, list(totals)))
            else:
                rows = min(rows, limit)
            (malformed,) = connection.execute(f"select count(__malformed) from read_parquet({literal(str(file))})").fetchall()[0]
            digest = content_digest(connection, file, columns)
        notes = {f"{self.source.cursor}:NO_CURSOR": undated} if undated else {}
        relation = f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet({literal(str(file))})"
        return Written(rows, malformed, relation, digest, file.stat().st_size, None, low, high, notes)

    def _count(self, asked: Asked, cursor: Any) -> tuple[Asked, dict[Measure, str | None], tuple[str | None, str | None, int]]:
        """The server's own control totals; measured again where odd values must be set apart."""
        measures = measures_of(asked.columns)

        def measured(asked: Asked) -> tuple[dict[Measure, str | None], tuple[Any, ...]]:
            cursor.execute(asked.totals(measures).as_string(cursor))
            row = cursor.fetchone()
            return dict(zip(measures, row[:-3], strict=True)), row[-3:]

        totals, (low, high, undated) = measured(asked)
        odd = asked.odd_columns(totals)
        if odd:
            asked = replace(asked, odd=odd)
            totals, _ = measured(asked)
        return asked, totals, (low, high, undated)

    def _refuse_empty(self, asked: Asked, cursor: Any, rows: int) -> None:
        """No row at all is an error, unless the source says it may be; no row that is new is not."""
        if rows or self.source.empty_allowed:
            return
        if asked.high is not None:
            cursor.execute(replace(asked, high=None).rows(1).as_string(cursor))
            if cursor.fetchone():
                return
        raise SourceError(
            f"source {self.source.name!r}: {self.name} is empty (0 rows)",
            "see what happened there, or set 'empty_allowed: true' for this source",
        )

    def verify(self) -> None:
        """Nothing to look at again: data and control totals are of one snapshot, and were held against each other."""


def _copy(connection: duckdb.DuckDBPyConnection, query: str, labels: Labels, file: Path) -> None:
    """Stream the rows to Parquet, numbered as they come."""
    plumbing = f"{literal(labels.batch_id)} as __batch_id, {literal(labels.file)} as __file, timestamp {literal(labels.extracted_at)} as __extracted_at"
    connection.execute(
        f"copy (select *, row_number() over () as __row_no, {plumbing} from postgres_query('source', {literal(query)})) "
        f"to {literal(str(file))} (format parquet, compression zstd, compression_level 1)"
    )


class PostgresqlConnector:
    """Tables of a PostgreSQL server."""

    settings = PostgresqlSource

    def parts(self, source: PostgresqlSource, approach: Approach) -> Iterator[PostgresqlPart]:
        if approach.credentials is None:
            raise ConfigurationError(f"source {source.name!r}: nobody knows connections here", "run it as a night does")
        yield PostgresqlPart(source, Server(approach.credentials(source.connection), source.timeout_seconds), approach)


CONNECTOR = PostgresqlConnector()
