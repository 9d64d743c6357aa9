"""How the lines of a text file are cut into fields: the delimiter, and whether quotes mean anything."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.dialect import BLANK_BEFORE_QUOTE, Dialect

__all__ = ["Cut", "cut_of"]

DELIMITERS = (",", ";", "\t", "|")
#: Delimiters that hardly stand in a text, so that many programs write no quotes around one: a lone quote is then a letter, and no damage.
UNQUOTED = ("\t", "|")
#: Lines by which the delimiter is chosen.
_FIRST = 200


@dataclass(frozen=True)
class Cut:
    """How lines are cut: `settings` is what `sources.yml` must say of it, where it is not the default."""

    delimiter: str
    quotes: bool = True
    blanks: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        said = {"delimiter": self.delimiter, "quote": "none", "blanks_around_quotes": True}
        needed = {"delimiter": self.delimiter != ",", "quote": not self.quotes, "blanks_around_quotes": self.blanks}
        return {name: value for name, value in said.items() if needed[name]}

    def records(self, lines: list[str]) -> Iterator[list[str]]:
        """The fields of each line that is not blank."""
        if self.delimiter == "whitespace":
            return ([*line.split()] for line in lines if line.strip())
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        return (record for record in csv.reader(lines, delimiter=self.delimiter, quoting=quoting, skipinitialspace=self.blanks) if record)


def _width(cut: Cut, lines: list[str]) -> int:
    """Into how many fields a way cuts the header and nearly all lines; 0 where it does not."""
    records = list(cut.records(lines))
    if len(records) > 1 and all(len(record) == len(records[0]) + 1 and not record[-1].strip() for record in records[1:]):
        records = [records[0], *(record[:-1] for record in records[1:])]  # lines end with a delimiter, the header does not
    widths = [len(record) for record in records]
    even = bool(widths) and len(widths) - Counter(widths)[widths[0]] <= max(1, len(widths) // 10)
    return widths[0] if even and widths[0] > 1 else 0


def _means_nothing(mark: str, lines: list[str]) -> bool:
    """Whether quotes are letters like others: some open or close no text, and each line has its fields without."""
    quoted = [line for line in lines if '"' in line]
    width = len(lines[0].split(mark))
    if mark not in UNQUOTED or not quoted or width < 2 or any(len(line.split(mark)) != width for line in quoted):
        return False
    dialect = Dialect(mark, '"', None, None, 1_000_000, width)
    return any(dialect.fields(line.rstrip("\r\n"))[0] is None for line in quoted)


def _has_blanks_before(mark: str, lines: list[str]) -> bool:
    """Whether quoted fields begin behind a blank."""
    dialect = Dialect(mark, '"', None, None, 1_000_000, 2)
    return any(dialect.fields(line.rstrip("\r\n"))[1] == BLANK_BEFORE_QUOTE for line in lines if '"' in line)


def cut_of(lines: list[str], path: Path) -> Cut:
    """The way that cuts most lines into as many fields as the header; blanks where no mark does.

    Raises
    ------
    SourceError : there is none.
    """
    filled = [line for line in lines if line.strip()]
    first = filled[:_FIRST]
    plain = [Cut(mark, blanks=_has_blanks_before(mark, first)) for mark in DELIMITERS]
    for ways in (plain, [Cut(mark, quotes=False) for mark in UNQUOTED if _means_nothing(mark, filled)]):
        widths = {way: _width(way, first) for way in ways}
        best = max(widths, key=widths.__getitem__, default=None)
        if best and widths[best]:
            return Cut(best.delimiter, quotes=False) if _means_nothing(best.delimiter, filled) else best
    widths_of_blanks = [len(line.split()) for line in first]
    if widths_of_blanks[0] > 1 and len(set(widths_of_blanks)) == 1 and len(first) > 1:
        return Cut("whitespace")
    raise SourceError(
        f"{path}: no mark cuts its lines into the same number of fields as its header",
        "see whether the first line names the columns and lines above it should go",
    )
