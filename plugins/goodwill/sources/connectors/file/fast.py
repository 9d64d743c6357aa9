"""The fast reader of delimited text, for segments that a cheap look says are in order; whatever it doubts is left to the careful one."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from goodwill.sources.connectors.file.dialect import MOST_LINES, Dialect

__all__ = ["FastReader"]

_LF, _CR = 10, 13
#: Bytes that are cut into fields at a time: smaller pieces take longer to read, and each costs every look at it once more. A record that is
#: longer is left to the careful reader.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class FastReader:
    """Reads segments of a dialect."""

    dialect: Dialect

    @property
    def usable(self) -> bool:
        """Whether it knows the dialect at all."""
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        return self.dialect.width > 1 and len(delimiter) == 1 and delimiter.isascii() and quote.isascii()

    def in_order(self, segment: bytes) -> bool:
        """Whether nothing in the segment needs care: no NUL, no comment, no byte-order mark, lines of one kind and length, sound quotes."""
        dialect = self.dialect
        if b"\0" in segment or (dialect.escape is not None and dialect.escape.encode() in segment):
            return False
        if segment.startswith(codecs.BOM_UTF8):  # Arrow takes it off, wherever in the file the segment stands
            return False
        if dialect.comment is not None:
            mark = dialect.comment.encode()
            if segment.startswith(mark) or b"\n" + mark in segment or b"\r" + mark in segment:
                return False
        data = np.frombuffer(segment, np.uint8)
        if _CR in segment:
            returns = segment.count(b"\r")
            if returns != segment.count(b"\r\n") or returns != int(np.count_nonzero(data == _LF)):
                return False
        if self._has_long_line(segment):
            return False
        return not self._has_quotes(segment) or self._sound_quotes(data)

    def _has_quotes(self, segment: bytes) -> bool:
        quote = self.dialect.quote
        return bool(quote) and ord(quote) in segment

    def _has_long_line(self, segment: bytes) -> bool:
        """Whether a line is longer than a field may be; from the last end of a line within reach to the next, few bytes are looked at."""
        limit, begin = self.dialect.max_field_length, 0
        while begin + limit < len(segment):
            begin = segment.rfind(b"\n", begin, begin + limit + 1) + 1
            if not begin:
                return True
        return False

    def _sound_quotes(self, data: np.ndarray) -> bool:
        """Whether each quote opens at the start of a field, closes at its end, or is doubled inside; and no quoted field is too long.

        So many lines as the careful reader never joins are too long as well.
        """
        places = np.flatnonzero(data == ord(self.dialect.quote))
        if len(places) % 2:
            return False
        opening, closing = places[::2], places[1::2]
        borders = np.array([ord(self.dialect.delimiter), _LF, _CR], np.uint8)
        before = data[np.maximum(opening - 1, 0)]
        starts = (opening == 0) | np.isin(before, borders)
        doubled = opening[1:] == closing[:-1] + 1  # the second of a doubled quote
        starts[1:] |= doubled
        after = data[np.minimum(closing + 1, len(data) - 1)]
        ends = (closing == len(data) - 1) | np.isin(after, borders)
        ends[:-1] |= doubled
        if not (starts.all() and ends.all()) or (self.dialect.escape is not None and doubled.any()):  # an escape stands instead of doubling
            return False
        first, last = opening[np.append(True, ~doubled)], closing[np.append(~doubled, True)]
        # a text over several lines is hardly ever meant where tabs set fields apart: the careful reader looks at each line
        if self.dialect.delimiter == "\t" and self._over_lines(data, first, last):
            return False
        longest = int((last - first).max())
        if longest < MOST_LINES:
            return longest < self.dialect.max_field_length
        return longest < self.dialect.max_field_length and self._over_lines(data, first, last) < MOST_LINES - 1

    def _over_lines(self, data: np.ndarray, first: np.ndarray, last: np.ndarray) -> int:
        """The most ends of lines inside one of the quoted fields that go from `first` to `last`."""
        feeds = np.flatnonzero(data == _LF)
        return int((np.searchsorted(feeds, last) - np.searchsorted(feeds, first)).max())

    def _may_hold_header(self, segment: bytes) -> bool:
        """A cheap look: the longest name of the header is somewhere in the text, or could be there in another spelling."""
        longest = max(self.dialect.header, key=len, default="")
        return (bool(self.dialect.quote) and self.dialect.quote in longest) or longest.encode() in segment

    def _holds_header(self, table: pa.Table) -> bool:
        """Whether a row is the header again, in whatever spelling."""
        header = self.dialect.header
        if not header:
            return False
        place = max(range(len(header)), key=lambda number: len(header[number]))  # the longest name is the rarest
        alike = table.filter(pc.match_substring(table.column(place), header[place]))
        rows = zip(*(column.to_pylist() for column in alike.columns), strict=True)
        return any(tuple((field or "").strip() for field in row) == header for row in rows)

    def read(self, segment: bytes) -> pa.Table | None:
        """The rows of a segment, all text, empty fields NULL; `None` where it needs care after all."""
        if not self.usable or not self.in_order(segment):
            return None
        names = [str(number) for number in range(self.dialect.width)]
        quoted = self._has_quotes(segment)
        try:
            table = csv.read_csv(
                pa.BufferReader(segment),
                csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                csv.ParseOptions(
                    delimiter=self.dialect.delimiter, quote_char=self.dialect.quote if quoted else False, newlines_in_values=quoted
                ),
                csv.ConvertOptions(
                    check_utf8=True,
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if nameless := self.dialect.nameless:
            named = self.dialect.width - nameless
            if any(table.column(place).null_count < len(table) for place in range(named, self.dialect.width)):
                return None
            table = table.select(range(named))
        return None if self._may_hold_header(segment) and self._holds_header(table) else table
