"""Files in which quotes mean nothing (`5" pipe`), though the source does not say so: what cannot be read for its quotes, and would be without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goodwill.sources.connectors.file.dialect import AFTER_QUOTE, UNCLOSED, Dialect, Record, lines_of
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["REMEDY", "QuoteLook"]

REMEDY = "where quotes are letters like others, set 'quote: none' for this source; else have every quote closed, and doubled inside a text"


class QuoteLook:
    """Counts the records that are not whole for their quotes, and those of them that have as many fields as the header without.

    A record over several lines, each of which has as many, was joined by two lone quotes that fell at the ends of fields.
    """

    def __init__(self, source: FileSource, name: str, dialect: Dialect) -> None:
        self.source, self.name, self.dialect = source, name, dialect
        self._odd = self._even = self._joined = self._first = 0

    def seen(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass records on."""
        for record in records:
            lone = record.wrong in (UNCLOSED, AFTER_QUOTE)
            joined = record.fields is not None and ("\n" in record.text or "\r" in record.text)
            self._odd += lone
            if (lone or joined) and all(map(self._is_even, lines_of(record.text))):
                self._even += lone
                self._joined += joined
                self._first = self._first or record.line_no
            yield record

    def _is_even(self, line: str) -> bool:
        return len(line.split(self.dialect.delimiter)) == self.dialect.width

    def judged(self, rows: int) -> tuple[str, ...]:
        """`QUOTES` where some of `rows` records would be whole, or several instead of one, if quotes meant nothing.

        Raises
        ------
        SourceError : more of them than may be bad, in text set apart by tabs, which needs no quotes and mostly has none.
        """
        found = (self._even if 2 * self._even > self._odd else 0) + self._joined
        if not found:
            return ()
        what = f"{found:,} of {rows:,} rows have a quote that opens or closes no text, the first in line {self._first}"
        if self.dialect.delimiter == "\t" and found > (self.source.quarantine_share or 0) * rows:
            raise problem(self.source, self.name, f"{what}: without quotes each line has its fields", REMEDY)
        return (f"QUOTES: {what}; they are set apart, or joined, though without quotes each line has its fields: {REMEDY}",)
