"""Delimiters at the end of lines: columns that no header names and no row fills. Where they stand is told by the header and the first records."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from goodwill.sources.connectors.file.dialect import Dialect
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["TRAILING", "nameless_columns"]

#: Records by which a file is judged.
_FIRST = 200
#: So many of them must end so where the header does not.
_MOST = 0.9
TRAILING = "TRAILING_DELIMITER: lines end with a delimiter that the header does not have: it is taken for no column"


def _first(source: FileSource, name: str, width: int, text: str) -> Iterator[list[str | None] | None]:
    """The first records of `text`: their fields, nothing for those that have not `width` of them."""
    dialect = Dialect.of(source, name, [""] * width)
    return (record.fields for record in islice(dialect.records(text), _FIRST))


def nameless_columns(source: FileSource, name: str, header: list[str], text: str) -> tuple[int, bool]:
    """How many columns at the end of each line have no name and hold nothing; whether the header lacks them.

    Parameters
    ----------
    header : the names as the file's first line has them.
    text : the records behind it, whole lines.

    Where the header ends so, most of the first records must hold nothing there: else it is a column whose name is missing, and none of these. Where
    it does not, nearly all of them must have one field more than the header, and none may hold anything there: a few are rows that are cut wrong.
    """
    if source.delimiter == "whitespace":
        return 0, False
    empty = len(header)
    while empty and not header[empty - 1]:
        empty -= 1
    if nameless := len(header) - empty:
        said = [any((field or "").strip() for field in fields[empty:]) for fields in _first(source, name, len(header), text) if fields]
        return (nameless if empty and 2 * sum(said) <= len(said) else 0), False
    first = text.lstrip("\r\n").partition("\n")[0].rstrip()
    if not first.endswith(source.delimiter_of(name)):
        return 0, False
    more = list(_first(source, name, len(header) + 1, text))
    ends = [fields for fields in more if fields]
    filled = any((fields[-1] or "").strip() for fields in ends)
    return (1, True) if not filled and len(ends) >= _MOST * len(more) else (0, False)
