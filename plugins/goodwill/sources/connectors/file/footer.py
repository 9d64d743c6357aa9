"""The trailer row a source declares: no row of data, but a control total of those above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

from goodwill.sources.connectors.file.dialect import Dialect, Record
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.rows import RowsWriter
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sql import identifier, literal

__all__ = ["FooterCheck"]

_NUMBER = re.compile(r"[+-]?\d{1,28}([.]\d{1,6})?")


class FooterCheck:
    """Takes the trailer row off the records of a file and compares what it says with what was read. Without a declared one: nothing."""

    def __init__(self, source: FileSource, name: str, dialect: Dialect) -> None:
        self.source, self.name, self.dialect = source, name, dialect
        self._found: list[str | None] | None = None
        if source.footer:
            wanted = (source.footer.column, *source.footer.sums, *filter(None, [source.footer.count]))
            missing = [column for column in wanted if column.lower() not in self._places]
            if missing:
                raise problem(
                    source, name, f"no column {', '.join(map(repr, missing))}, which 'footer' reads", "mend 'footer' in sources.yml"
                )

    @property
    def _places(self) -> dict[str, int]:
        return {name.lower(): place for place, name in enumerate(self.dialect.header)}

    def _cell(self, fields: list[str | None], column: str) -> str:
        place = self._places[column.lower()]
        return (fields[place] or "").strip() if place < len(fields) else ""

    def taken_off(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records of the last segment, less the trailer row at their end."""
        footer, held = self.source.footer, None
        for record in records:
            if held is not None:
                yield held
            held = record
        if held is None:
            return
        fields, _ = self.dialect.fields(held.text)
        if footer and fields is not None and self._cell(fields, footer.column) == footer.equals:
            self._found = fields
        else:
            yield held

    def _number(self, text: str) -> Decimal | None:
        clean = text.replace(self.source.thousands, "") if self.source.thousands else text
        clean = clean.replace(",", ".") if self.source.decimal == "," else clean
        return Decimal(clean) if _NUMBER.fullmatch(clean) else None

    def _clean_sql(self, column: str) -> str:
        clean = f"trim({identifier(column)})"
        if self.source.thousands:
            clean = f"replace({clean}, {literal(self.source.thousands)}, '')"
        return f"replace({clean}, ',', '.')" if self.source.decimal == "," else clean

    def check(self, rows: Path, writer: RowsWriter) -> None:
        """Compare the trailer row with the rows written.

        Where a row is malformed or an amount cannot be read, the sum cannot be known and is not compared; the number of rows is.

        Raises
        ------
        SourceError : there is no trailer row, or it says something else.
        """
        footer = self.source.footer
        if footer is None:
            return
        remedy = "send the file again whole; if it has no such row, take 'footer' out of sources.yml"
        if self._found is None:
            raise problem(
                self.source, self.name, f"the trailer row ({footer.column} = {footer.equals!r}) is missing: the file may be cut", remedy
            )
        if footer.count:
            said = self._cell(self._found, footer.count)
            if self._number(said) != writer.rows:
                raise problem(self.source, self.name, f"the trailer row says {said!r} rows, the file has {writer.rows:,}", remedy)
        for column in footer.sums if not writer.malformed else ():
            said, clean = self._cell(self._found, column), self._clean_sql(self._written(writer, column))
            with duckdb.connect() as connection:
                total, unread = connection.execute(
                    f"select coalesce(sum(n), 0), count(*) filter (where n is null and {clean} <> '') "
                    f"from (select *, try_cast({clean} as decimal(38,6)) as n from read_parquet({literal(str(rows))}))"
                ).fetchone() or (0, 0)
            if not unread and self._number(said) != total:
                raise problem(
                    self.source,
                    self.name,
                    f"the trailer row says {column} = {said}, the rows sum to {Decimal(total).normalize():f}",
                    remedy,
                )

    def _written(self, writer: RowsWriter, column: str) -> str:
        """The name under which a column of the file was written."""
        return writer.columns[self._places[column.lower()]]
