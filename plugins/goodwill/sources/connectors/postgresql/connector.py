"""The connector of PostgreSQL: one part, which is a table or a query, or what its cursor says is new in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.connectors.postgresql.reaching import Server, Snapshot, told
from goodwill.sources.connectors.postgresql.selecting import Asked, describe
from goodwill.sources.connectors.postgresql.settings import PostgresqlSource
from goodwill.sources.connectors.protocol import PARQUET, ROWS, Approach, Labels, Written
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

    @cached_property
    def _described(self) -> tuple[dict[str, str], frozenset[str]]:
        with self._told("looking"), self.server.session() as cursor:
            return describe(self.source, cursor)

    @property
    def _money(self) -> frozenset[str]:
        return self._described[1]

    def columns(self) -> dict[str, str]:
        return self._described[0]

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        file, limit = folder / ROWS, self.approach.limit
        with self._told("reading"), self.server.snapshot() as snapshot:
            asked = Asked(self.source, columns, self._money, self.approach.cursor_high, self.source.time_zone or self.approach.zone)
            asked, totals, (low, high, undated) = _count(asked, snapshot)
            rows = int(totals[Measure("rows")] or 0)
            self._refuse_empty(asked, snapshot, rows)
            if snapshot.types(asked.rows()) != columns | {"__malformed": "VARCHAR", "__line": "VARCHAR"}:
                raise SourceError(f"source {self.source.name!r}: {self.name} was altered while it was read", "run again")
            _copy(snapshot, asked.rows(limit), labels, file)
        with duckdb.connect() as connection:
            if limit is None:
                compare(self.source.name, self.name, columns, totals, measure_written(connection, file, columns, list(totals)))
            else:
                rows = min(rows, limit)
            (malformed,) = connection.execute(f"select count(__malformed) from read_parquet({literal(str(file))})").fetchall()[0]
            digest = content_digest(connection, file, columns)
        notes = {f"{self.source.cursor}:NO_CURSOR": int(undated)} if int(undated) else {}
        relation = f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet({literal(str(file))})"
        return Written(rows, malformed, relation, digest, file.stat().st_size, None, low, high, notes=notes)

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


def _count(asked: Asked, snapshot: Snapshot) -> tuple[Asked, dict[Measure, str | None], tuple[str | None, str | None, str]]:
    """The server's own control totals, and the span of the cursor; measured again where odd values must be set apart."""
    measures = measures_of(asked.columns)

    def measured(asked: Asked) -> tuple[dict[Measure, str | None], tuple[str | None, str | None, str]]:
        (row,) = snapshot.ask(asked.totals(measures))
        return dict(zip(measures, row[:-3], strict=True)), row[-3:]

    totals, marks = measured(asked)
    odd = asked.odd_columns(totals)
    if odd:
        asked = replace(asked, odd=odd)
        totals, marks = measured(asked)
    return asked, totals, marks


def _copy(snapshot: Snapshot, query: str, labels: Labels, file: Path) -> None:
    """Stream the rows to Parquet, numbered as they come."""
    plumbing = f"{literal(labels.batch_id)} as __batch_id, {literal(labels.file)} as __file, timestamp {literal(labels.extracted_at)} as __extracted_at"
    snapshot.connection.execute(
        f"copy (select *, row_number() over () as __row_no, {plumbing} from {snapshot.relation(query)}) to {literal(str(file))} ({PARQUET})"
    )


class PostgresqlConnector:
    """Tables of a PostgreSQL server."""

    settings = PostgresqlSource

    def parts(self, source: PostgresqlSource, approach: Approach) -> Iterator[PostgresqlPart]:
        if approach.credentials is None:
            raise ConfigurationError(f"source {source.name!r}: nobody knows connections here", "run it as a night does")
        yield PostgresqlPart(source, Server(approach.credentials(source.connection), source.timeout_seconds), approach)


CONNECTOR = PostgresqlConnector()
