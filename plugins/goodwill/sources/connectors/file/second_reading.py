"""The second reading of a text file: the database's own reader over the same text, for control totals that owe the first nothing.

Which records are whole is decided once, by the first reading; their values are read again, from their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import duckdb

from goodwill.sources.connectors.file.dialect import Dialect, Record
from goodwill.sources.connectors.file.header import Header
from goodwill.sources.connectors.file.rows import RowsWriter
from goodwill.sources.connectors.file.text import TextFile
from goodwill.sql import identifier, literal

__all__ = ["Copy", "relation"]


class Copy:
    """The text of whole records as plain UTF-8. A plain file in order is its own copy: nothing is written for it."""

    def __init__(self, file: TextFile, path: Path, header: Header) -> None:
        self.file, self.path, self.header = file, path, header
        self.doubtful = False  # quotes, carriage returns or records read with care: where readers may differ
        self._written: BinaryIO | None = None
        self._passed = 0
        self._end = b"\n"

    def __enter__(self) -> Copy:
        if not self.file.is_plain or self.header.lines != 1 or self.file.source.delimiter == "whitespace":
            self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._written:
            self._written.close()

    @property
    def is_separate(self) -> bool:
        return self._written is not None

    def _begin(self) -> BinaryIO:
        """Open the copy; what the file itself stood for until now is written to it first."""
        self._written = self.path.open("wb")
        left = self._passed
        if left:
            for chunk in self.file.segments(self.header.bytes, b""):
                self._written.write(chunk[:left])
                left -= min(left, len(chunk))
                if not left:
                    break
        return self._written

    def add(self, segment: bytes) -> None:
        """A segment of whole records as it is."""
        if not self._passed and not self._written and self.header.returns != (b"\r" in segment):
            self._begin()  # the database's reader takes the ends of lines from the first one
        quote = self.file.source.quote_mark.encode()
        self._passed += len(segment)
        if b"\r" in segment:
            self._end, self.doubtful = b"\r\n", True
        self.doubtful = self.doubtful or (bool(quote) and quote in segment)
        if self._written:
            self._written.write(segment)
            if not segment.endswith((b"\n", b"\r")):
                self._written.write(self._end)

    def whole(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass records on; the text of the whole ones goes to the copy."""
        written = self._written or self._begin()
        self.doubtful = True
        for record in records:
            if record.fields is not None:
                written.write(record.text.encode("utf-8") + self._end)
            yield record


def _text(copy: Copy, dialect: Dialect, columns: Iterable[str]) -> str:
    listed = list(columns)
    nameless = [f"__nameless_{number}" for number in range(dialect.nameless)]
    path = literal(str(copy.path if copy.is_separate else copy.file.path))
    plumbing = "cast(null as varchar) as __malformed, cast(null as varchar) as __line"
    if dialect.delimiter == "whitespace":
        fields = ", ".join(f"f[{place}] as {identifier(name)}" for place, name in enumerate(listed, 1))
        lines = f"read_csv({path}, columns={{'line': 'VARCHAR'}}, header=false, delim={literal(chr(1))}, quote='', escape='', auto_detect=false)"
        return f"select {fields}, {plumbing} from (select string_split_regex(trim(line), '\\s+') as f from {lines})"
    typed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in (*listed, *nameless))
    longest = max(10_000_000, 10 * dialect.max_field_length)
    return (
        f"select {', '.join(map(identifier, listed))}, {plumbing} from read_csv({path}, columns={{{typed}}}, header=false, "
        f"skip={0 if copy.is_separate else 1}, delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)}, "
        f"escape={literal(dialect.escape or dialect.quote)}, auto_detect=false, strict_mode=true, null_padding=false, "
        f"max_line_size={longest}, buffer_size={2 * longest})"  # by itself the engine takes much larger buffers, which takes longer
    )


def relation(copy: Copy, dialect: Dialect, columns: Iterable[str], rows: Path, writer: RowsWriter) -> str:
    """A select that reads the file a second time: whole records from their text, then malformed ones as they were named.

    The records are not numbered: to number them, all threads of the reader would wait for one another.
    Where the second reader cannot read the text, or finds another number of records, it is the rows as written.
    """
    written = f"select * exclude (__row_no) from read_parquet({literal(str(rows))})"
    again = _text(copy, dialect, columns)
    if copy.doubtful:
        if dialect.blanks or (dialect.escape and not dialect.quote):
            return written  # the database's reader knows no blanks before quotes, and an escape inside quotes only
        try:
            with duckdb.connect() as connection:
                found = connection.execute(f"select count(*) from ({again})").fetchone()
        except duckdb.Error:
            return written
        if found != (writer.rows - writer.malformed,):
            return written
    if writer.malformed:
        listed = ", ".join([*map(identifier, columns), "__malformed", "__line"])
        again += f" union all select {listed} from ({written}) where __malformed is not null"
    return again
