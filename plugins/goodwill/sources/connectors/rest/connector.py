"""The connector of REST: one part, the resource, pulled whole or from where the cursor stands."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.connectors.protocol import PARQUET, ROWS, Approach, Labels, Written
from goodwill.sources.connectors.rest.address import address_of
from goodwill.sources.connectors.rest.cursor import Span, span
from goodwill.sources.connectors.rest.engine import open_engine
from goodwill.sources.connectors.rest.settings import RestSource
from goodwill.sql import identifier, literal

if TYPE_CHECKING:
    from goodwill.sources.connectors.rest.pulling import Pulled

__all__ = ["CONNECTOR"]

#: Rows that are held in memory before they are written: records may be long.
ROW_GROUP = 10_240


@dataclass(frozen=True)
class RestPart:
    """One pull of the resource. What it brings is pulled once, when its columns are asked for."""

    source: RestSource
    approach: Approach

    @property
    def name(self) -> str:
        return self.source.path

    @property
    def sha256(self) -> str | None:
        return None

    @cached_property
    def _folder(self) -> Path:
        """Where the pages lie; a look at the source leaves what was cut off alone."""
        if self.approach.limit is None:
            return self.approach.unfinished
        return Path(self._look.name) / "pages"

    @cached_property
    def _look(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="goodwill-look-")

    @cached_property
    def _pulled(self) -> Pulled:
        from goodwill.sources.connectors.rest.pulling import pull  # the HTTP client is loaded by those who pull

        if self.approach.credentials is None:
            raise ConfigurationError(
                f"source {self.source.name!r}: nobody knows its connection {self.source.connection!r}", "add it in Airflow"
            )
        pulled = pull(self.source, address_of(self.approach.credentials(self.source.connection)), self.approach, self._folder)
        if not pulled.rows and not self.source.empty_allowed and self.approach.cursor_high is None:
            raise SourceError(
                f"source {self.source.name!r}: {self.source.path}: 0 records",
                "see whether the user of the connection may see them; if none is fine, set 'empty_allowed: true'",
            )
        return pulled

    def columns(self) -> dict[str, str]:
        return self._pulled.columns

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        pulled = self._pulled
        if not columns:
            self._forget()
            return Written(0, 0, "", pulled.sha256, pulled.bytes, None, None, self.approach.cursor_high)
        target = folder / ROWS
        listed = ", ".join([*map(identifier, columns), "__row_no", "__malformed", "__line"])
        plumbing = f"{literal(labels.batch_id)} as __batch_id, {literal(labels.file)} as __file, timestamp {literal(labels.extracted_at)} as __extracted_at"
        with open_engine(self._folder) as connection:
            connection.execute(
                f"copy (select {listed}, {plumbing} from ({pulled.sql})) to {literal(str(target))} ({PARQUET}, row_group_size {ROW_GROUP})"
            )
            relation = f"select {listed} from read_parquet({literal(str(target))})"
            rows, malformed = connection.execute(f"select count(*), count(__malformed) from ({relation})").fetchone() or (0, 0)
            if rows != pulled.rows:
                raise SourceError(f"source {self.source.name!r}: {rows:,} of {pulled.rows:,} rows were written", "run again")
            marks = self._marks(connection, relation)
        self._forget()
        warnings = self._warnings(marks)
        for warning in warnings:
            self.approach.say(f"{self.source.path}: {warning}")
        return Written(rows, malformed, relation, pulled.sha256, pulled.bytes, None, marks.low, marks.high, warnings=warnings)

    def _forget(self) -> None:
        """What was kept for another try may go: the pull is whole."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _marks(self, connection: duckdb.DuckDBPyConnection, relation: str) -> Span:
        if not self.source.cursor:
            return Span(None, None, 0, 0)
        known = {name.lower(): name for name in self._pulled.columns}
        column = known.get(self.source.cursor.lower())
        if column is None:
            raise SourceError(
                f"source {self.source.name!r}: {self.source.path}: no record has the cursor {self.source.cursor!r}; there are: "
                f"{', '.join(known.values())}",
                f"mend 'cursor' of {self.source.name!r} in sources.yml",
            )
        found = connection.execute(f"select {identifier(column)} from ({relation}) where {identifier(column)} is not null")
        texts = (text for block in iter(lambda: found.fetchmany(10_000), []) for (text,) in block)
        return span(self.source, self.approach.zone, texts, self.approach.cursor_high)

    def _warnings(self, marks: Span) -> tuple[str, ...]:
        said = []
        if self._pulled.repeats:
            said.append(
                f"REPEATED_RECORDS: {self._pulled.repeats:,} records arrived again while the pages shifted; the later of each counts"
            )
        if marks.unread:
            said.append(f"CURSOR_UNREAD: {marks.unread:,} values of {self.source.cursor!r} are neither a number nor a time")
        if marks.ahead:
            said.append(
                f"CURSOR_AHEAD: {marks.ahead:,} values of {self.source.cursor!r} are more than a day in the future; the mark stays below them"
            )
        return tuple(said)

    def verify(self) -> None:
        """The source has vouched for its rows, page by page."""


class RestConnector:
    """A list of JSON objects behind an address."""

    settings = RestSource

    def parts(self, source: RestSource, approach: Approach) -> Iterator[RestPart]:
        yield RestPart(source, approach)


CONNECTOR = RestConnector()
