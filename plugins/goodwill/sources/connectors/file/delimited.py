"""Delimited text: CSV, TSV and columns set apart by blanks. Segments in order are read fast, the others with care."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from goodwill.sources.connectors.file.dialect import Dialect
from goodwill.sources.connectors.file.fast import FastReader
from goodwill.sources.connectors.file.footer import FooterCheck
from goodwill.sources.connectors.file.formats import Landed
from goodwill.sources.connectors.file.header import Header, checked, find_header
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.quoting import QuoteLook
from goodwill.sources.connectors.file.rows import RowsWriter, odd_columns
from goodwill.sources.connectors.file.second_reading import Copy, relation
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.text import TextFile
from goodwill.sources.connectors.protocol import ROWS, Labels

__all__ = ["DelimitedFile"]

#: Segments that are read while one is written.
_AHEAD = 2
_LF = 10


@dataclass(frozen=True)
class _Segment:
    """A piece of text, and where it could be read fast its rows, which of their columns are odd, and its ends of lines."""

    text: bytes
    rows: pa.Table | None
    odd: Sequence[int] = ()
    lines: int = 0


class DelimitedFile:
    """A file of delimited text, packed or not, in any encoding; read in segments of about `segment_bytes`."""

    segment_bytes = 1 << 24

    def __init__(self, source: FileSource, path: Path, name: str) -> None:
        self.source, self.file = source, TextFile(source, path, name)
        self.spellings: dict[str, str] = {}

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
        self.spellings = {name: written for name, written in zip(header.names, header.written, strict=True) if name != written}
        return dict.fromkeys(header.names, "VARCHAR")

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        header = self._header
        assert header is not None, "columns() found it"
        dialect = Dialect.of(self.source, self.file.name, header.names, header.nameless)
        footer, quotes = FooterCheck(self.source, self.file.name, dialect), QuoteLook(self.source, self.file.name, dialect)
        with (
            RowsWriter(folder / ROWS, columns, labels, header.lines) as writer,
            Copy(self.file, folder / "text.csv", header) as copy,
        ):
            line_no, held = header.lines + 1, b""
            for segment, is_last in self._segments(FastReader(dialect), header):
                if segment.rows is not None and not held and not (is_last and self.source.footer):  # a trailer row is taken off with care
                    writer.table(segment.rows, segment.odd)
                    copy.add(segment.text)
                    line_no += segment.lines
                else:
                    # where quotes are out of order a segment may end inside a record: its lines wait for the rest of it
                    text, waiting = held + segment.text, list[str]()
                    records = dialect.records(text.decode("utf-8", "surrogateescape"), line_no, None if is_last else waiting)
                    writer.records(copy.whole(quotes.seen(footer.taken_off(records) if is_last else records)))
                    held = "".join(waiting).encode("utf-8", "surrogateescape")
                    line_no += _line_ends(text) - _line_ends(held)
        self._refuse_other_encoding(writer)
        warnings = (*header.warnings, *quotes.judged(writer.rows))
        footer.check(folder / ROWS, writer)
        return Landed(writer.rows, writer.malformed, relation(copy, dialect, columns, folder / ROWS, writer), writer.plain, warnings)

    def _segments(self, reader: FastReader, header: Header) -> Iterator[tuple[_Segment, bool]]:
        """The segments in order, read in a thread of their own while others are written; whether each is the last."""
        quote = b"" if self.source.delimiter == "whitespace" else self.source.quote_mark.encode()
        given = self.file.segments(header.bytes, quote, self.segment_bytes)

        def following() -> _Segment | None:
            text = next(given, None)
            if text is None:
                return None
            rows = reader.read(text)
            return _Segment(text, None) if rows is None else _Segment(text, rows, odd_columns(rows), _line_ends(text))

        with ThreadPoolExecutor(1) as pool:
            ahead = deque(pool.submit(following) for _ in range(_AHEAD))
            segment = ahead.popleft().result()
            while segment is not None:
                ahead.append(pool.submit(following))
                after = ahead.popleft().result()
                yield segment, after is None
                segment = after

    def _refuse_other_encoding(self, writer: RowsWriter) -> None:
        """A file with more rows that are not text than may be bad has another encoding than declared."""
        if writer.not_text > (self.source.quarantine_share or 0) * writer.rows:
            raise problem(
                self.source,
                self.file.name,
                f"is not {self.source.encoding} text near line {writer.first_not_text} ({writer.not_text:,} of {writer.rows:,} rows)",
                "declare the file's 'encoding' (latin-1, cp1252, utf-16 …) or save it as UTF-8",
            )


def _line_ends(text: bytes) -> int:
    letters = np.frombuffer(text, np.uint8)  # twice as fast as to count in bytes
    return int(np.count_nonzero(letters == _LF)) or text.count(b"\r")
