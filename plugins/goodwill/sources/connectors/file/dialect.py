"""The careful reader of delimited text: record by record, nothing passed over, what is not whole is named.

Lines end with LF, CRLF or CR. A record goes over several lines only where a quoted field does, and only if it is then a whole
record: a quote that is never closed costs its own line, not the lines behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["MOST_LINES", "Dialect", "Record", "lines_of", "shown"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
#: A record is looked for over so many lines before its quote counts as never closed.
MOST_LINES = 1000

UNCLOSED = "a quote that is never closed"
AFTER_QUOTE = "text after a closing quote"
BLANK_BEFORE_QUOTE = "a blank before a quote ('blanks_around_quotes: true' reads it)"
NOT_TEXT = "bytes that are not text in the declared encoding"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its fields, or what is wrong with it; the line it starts on, counted from 1, and its text."""

    fields: list[str | None] | None
    wrong: str
    line_no: int
    text: str


def lines_of(text: str) -> list[str]:
    """`text` as lines with their ends."""
    found = _LINE.findall(text)
    while found and not found[-1]:
        found.pop()
    return found


def shown(text: str) -> str:
    """Text with bytes that could not be decoded written out (`\\xe9`)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Dialect:
    """How records are written: `width` fields set apart by `delimiter`; `quote` is empty where quotes mean nothing.

    The last `nameless` fields are named by no column and empty: delimiters at the end of each line. `blanks`: those around quotes mean nothing.
    """

    delimiter: str
    quote: str
    escape: str | None
    comment: str | None
    max_field_length: int
    width: int
    header: tuple[str, ...] = ()
    nameless: int = 0
    blanks: bool = False

    @classmethod
    def of(cls, source: FileSource, name: str, header: list[str], nameless: int = 0) -> Dialect:
        return cls(
            source.delimiter_of(name),
            source.quote_mark,
            source.escape if source.escape != source.quote else None,
            source.comment,
            source.max_field_length,
            len(header) + nameless,
            tuple(header),
            nameless,
            source.blanks_around_quotes,
        )

    def fields(self, text: str) -> tuple[list[str | None] | None, str]:
        """The fields of one record without its line end, or what is wrong; an empty field is `None`."""
        if self.delimiter == "whitespace":
            return [*text.split()], ""
        if not (self.quote and self.quote in text) and (self.escape is None or self.escape not in text):
            return [field or None for field in text.split(self.delimiter)], ""
        return self._quoted(text)

    def _quoted(self, text: str) -> tuple[list[str | None] | None, str]:
        found: list[str | None] = []
        place, end = 0, len(text)
        while True:
            value: list[str] = []
            behind = self._behind_blanks(text, place) if text.startswith((" ", "\t"), place) else place
            if behind > place and self.quote and text.startswith(self.quote, behind):
                if not self.blanks:  # to RFC 4180 its delimiters would cut the text, and its quotes would be letters of it
                    return None, BLANK_BEFORE_QUOTE
                place = behind
            if self.quote and text.startswith(self.quote, place):
                place += 1
                while True:
                    if place >= end:
                        return None, UNCLOSED
                    char = text[place]
                    if self.escape is not None and char == self.escape and place + 1 < end:
                        value.append(text[place + 1])
                        place += 2
                    elif char != self.quote:
                        value.append(char)
                        place += 1
                    elif self.escape is None and text.startswith(self.quote, place + 1):
                        value.append(char)
                        place += 2
                    else:
                        place = self._behind_blanks(text, place + 1) if self.blanks else place + 1
                        break
                if place < end and text[place] != self.delimiter:
                    return None, AFTER_QUOTE
            else:
                while place < end and text[place] != self.delimiter:
                    if self.escape is not None and text[place] == self.escape and place + 1 < end:
                        place += 1
                    value.append(text[place])
                    place += 1
            found.append("".join(value) or None)
            if place >= end:
                return found, ""
            place += 1

    def _behind_blanks(self, text: str, place: int) -> int:
        """The first place from `place` on that holds no blank."""
        while place < len(text) and text[place] in " \t" and text[place] != self.delimiter:
            place += 1
        return place

    def _whole(self, text: str) -> tuple[list[str | None] | None, str]:
        """The fields of a whole record, or what is wrong with it."""
        if "\0" in text:
            return None, "a NUL byte"
        if any("\udc80" <= char <= "\udcff" for char in text):
            return None, NOT_TEXT
        fields, wrong = self.fields(text)
        if fields is None:
            return None, wrong
        if len(fields) != self.width:
            return None, f"{len(fields)} fields instead of {self.width}" + (" (lines end with a delimiter)" if self.nameless else "")
        if self.nameless:
            place = next((place for place in range(self.width - self.nameless, self.width) if (fields[place] or "").strip()), None)
            if place is not None:
                return None, f"a value in column {place + 1}, which has no name in the header"
            fields = fields[: -self.nameless]
        if len(text) > self.max_field_length and max(len(field or "") for field in fields) > self.max_field_length:
            return None, f"a field longer than {self.max_field_length:,} characters"
        if self.header and tuple((field or "").strip() for field in fields) == self.header:
            return None, "the header again"
        return fields, ""

    def _record(self, lines: list[str], at: int) -> tuple[int, list[str | None] | None, str]:
        """How many lines the record that starts at line `at` takes, and what it is; no line where the lines end before that is known."""
        text = lines[at].rstrip("\r\n")
        fields, wrong = self._whole(text)
        if wrong != UNCLOSED:
            return 1, fields, wrong
        joined = lines[at]
        for more in range(1, min(MOST_LINES, len(lines) - at)):
            line = lines[at + more]
            joined += line
            if self.quote in line:
                fields, wrong = self._whole(joined.rstrip("\r\n"))
                if wrong != UNCLOSED:
                    # text that closes by chance, on a quote of another record, is no record
                    return (more + 1, fields, "") if fields is not None else (1, None, UNCLOSED)
            if len(joined) > 100 * self.max_field_length:
                return 1, None, UNCLOSED
        return 0 if len(lines) - at < MOST_LINES else 1, None, UNCLOSED

    def _is_blank(self, line: str) -> bool:
        """Whether a line holds nothing; blanks that are delimiters make a record of empty fields."""
        return not line.strip() and (self.delimiter not in line or self.width < 2)

    def records(self, text: str, first_line: int = 1, held: list[str] | None = None) -> Iterator[Record]:
        """The records of `text`; blank lines and comments are none.

        Where `held` is given, more text follows: the lines of a record that this text does not end are put there, and are no record yet.
        """
        lines = lines_of(text)
        at = 0
        while at < len(lines):
            line = lines[at]
            if self._is_blank(line) or (self.comment and line.startswith(self.comment)):
                at += 1
                continue
            taken, fields, wrong = self._record(lines, at)
            if not taken and held is not None:
                held += lines[at:]
                return
            taken = taken or 1
            whole = "".join(lines[at : at + taken]).rstrip("\r\n")
            yield Record(fields, wrong, first_line + at, whole)
            at += taken
