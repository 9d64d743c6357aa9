"""Delimited text: CSV, TSV and columns set apart by blanks. Segments in order are read fast, the others with care."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from goodwill.sources.connectors.file.dialect import Dialect
from goodwill.sources.connectors.file.fast import FastReader
from goodwill.sources.connectors.file.footer import FooterCheck
from goodwill.sources.connectors.file.formats import Landed
from goodwill.sources.connectors.file.header import Header, checked, find_header
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.rows import RowsWriter
from goodwill.sources.connectors.file.second_reading import Copy, relation
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.text import TextFile
from goodwill.sources.connectors.protocol import ROWS, Labels

__all__ = ["DelimitedFile"]

#: Segments held at a time: one that is written, one that is read meanwhile.
_HELD = 2
#: Where a source sets no share of bad rows, a file with more rows that are not text than this has another encoding than declared.
_NOT_TEXT_SHARE = 0.05


@dataclass(frozen=True)
class _Segment:
    """A piece of text, the line it starts on, and its rows where it could be read fast."""

    text: bytes
    line_no: int
    rows: pa.Table | None
    is_last: bool


class DelimitedFile:
    """A file of delimited text, packed or not, in any encoding."""

    def __init__(self, source: FileSource, path: Path, name: str) -> None:
        self.source, self.file = source, TextFile(source, path, name)

    @cached_property
    def _header(self) -> Header | None:
        return find_header(self.file)

    def columns(self) -> dict[str, str]:
        header = self._header
        if header is None:
            if self.source.empty_allowed:
                return {}
            raise problem(self.source, self.file.name, "has no header line", "the first line must name the columns")
        checked(self.source, self.file.name, header.names)
        return dict.fromkeys(header.names, "VARCHAR")

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        header = self._header
        assert header is not None, "columns() found it"
        dialect = Dialect.of(self.source, self.file.name, header.names)
        footer = FooterCheck(self.source, self.file.name, dialect)
        with (
            RowsWriter(folder / ROWS, columns, labels, header.lines) as writer,
            Copy(self.file, folder / "text.csv", header) as copy,
        ):
            for segment in self._segments(FastReader(dialect, header.line), header):
                if segment.rows is not None:
                    writer.table(segment.rows)
                    copy.add(segment.text)
                else:
                    records = dialect.records(segment.text.decode("utf-8", "surrogateescape"), segment.line_no)
                    writer.records(copy.whole(footer.taken_off(records) if segment.is_last else records))
        self._refuse_other_encoding(writer)
        footer.check(folder / ROWS, writer)
        return writer.rows, writer.malformed, relation(copy, dialect, columns, folder / ROWS, writer)

    def _segments(self, reader: FastReader, header: Header) -> Iterator[_Segment]:
        """The segments in order, read in a thread of their own while the one before is written."""
        quote = b"" if self.source.delimiter == "whitespace" else self.source.quote.encode()
        given = self.file.segments(header.bytes, quote)
        ahead: deque[tuple[bytes, Future[pa.Table | None]]] = deque()
        line_no, more = header.lines + 1, True
        with ThreadPoolExecutor(1) as pool:
            while more or ahead:
                while more and len(ahead) < _HELD:
                    text = next(given, None)
                    more = text is not None
                    if text is not None:
                        ahead.append((text, pool.submit(reader.read, text)))
                if ahead:
                    is_last = len(ahead) == 1
                    text, future = ahead.popleft()
                    rows = future.result()
                    # a trailer row is taken off with care
                    yield _Segment(text, line_no, None if is_last and self.source.footer else rows, is_last)
                    line_no += text.count(b"\n") or text.count(b"\r")

    def _refuse_other_encoding(self, writer: RowsWriter) -> None:
        share = _NOT_TEXT_SHARE if self.source.quarantine_share is None else self.source.quarantine_share
        if writer.not_text > share * writer.rows:
            raise problem(
                self.source,
                self.file.name,
                f"is not {self.source.encoding} text near line {writer.first_not_text} ({writer.not_text:,} of {writer.rows:,} rows)",
                "declare the file's 'encoding' (latin-1, cp1252, utf-16 …) or save it as UTF-8",
            )
