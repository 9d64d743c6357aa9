"""The header of a file: where it is, whether it names the columns, and which small differences of spelling are healed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goodwill.sources.connectors.file.dialect import BLANK_BEFORE_QUOTE, UNCLOSED, Dialect, lines_of
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.text import HEAD, TextFile
from goodwill.sources.connectors.file.trailing import TRAILING, nameless_columns
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sql import column_key

__all__ = ["Header", "checked", "find_header", "healed", "spelled"]

_LIKE_DATA = re.compile(r"[+-]?\d+([.,]\d+)?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}.*|[^@\s]+@[^@\s]+[.][a-z]+")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


@dataclass(frozen=True)
class Header:
    """The names, trimmed, and as they are written; the bytes of text up to the first record, the lines they are, and whether a carriage return ends them.

    `nameless`: columns at the end of each line that have no name and hold nothing; `warnings`: what was noticed (`CODE: what`).
    """

    names: list[str]
    written: list[str]
    bytes: int
    lines: int
    returns: bool = False
    nameless: int = 0
    warnings: tuple[str, ...] = ()


def _trimmed(name: str) -> str:
    return name.translate(_INVISIBLE).strip()


def find_header(file: TextFile) -> Header | None:
    """The first record behind `skip_rows`, blank lines and comments; `None` where there is none.

    Raises
    ------
    SourceError : it is not text, or a quote in it is never closed.
    """
    source = file.source
    head = file.head()
    lines = lines_of(head.decode("utf-8", "surrogateescape"))
    at = source.skip_rows
    while at < len(lines) and (not lines[at].strip() or (source.comment and lines[at].startswith(source.comment))):
        at += 1
    if at >= len(lines):
        return None
    dialect = Dialect.of(source, file.name, [])
    text, taken = lines[at], 1
    fields, wrong = dialect.fields(text.rstrip("\r\n"))
    while wrong == UNCLOSED and at + taken < min(len(lines), at + 20):
        text += lines[at + taken]
        taken += 1
        fields, wrong = dialect.fields(text.rstrip("\r\n"))
    if fields is None:
        remedy = "mend the header, or set 'quote' for this source ('none' where quotes mean nothing)"
        if wrong == BLANK_BEFORE_QUOTE:
            remedy = "set 'blanks_around_quotes: true' for this source"
        raise problem(source, file.name, f"line {at + 1}, the header, has {wrong}", remedy)
    if any("\udc80" <= char <= "\udcff" for char in text):
        raise problem(
            source,
            file.name,
            f"is not {source.encoding} text near line {at + 1}, the header",
            "declare the file's 'encoding' (latin-1, cp1252, utf-16 …) or save it as UTF-8",
        )
    if "\0" in text:
        raise problem(source, file.name, f"line {at + 1}, the header, has a NUL byte", "send the file again")
    before = "".join(lines[: at + taken]).encode("utf-8", "surrogateescape")
    written = [field or "" for field in fields]
    names = [_trimmed(name) for name in written]
    rest = lines[at + taken :] if len(head) < HEAD else lines[at + taken : -1]  # the last line of a longer file may be cut
    nameless, unsaid = nameless_columns(source, file.name, names, "".join(rest))
    if nameless and not unsaid:
        names, written = names[:-nameless], written[:-nameless]
    return Header(names, written, len(before), at + taken, "\r" in text, nameless, (TRAILING,) if unsaid else ())


def _folded(name: str) -> str:
    """A name without capitals, accents and doubled blanks."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def healed(source: FileSource, names: Iterable[str]) -> dict[str, str]:
    """Name in the file → name the mapping reads, for those that differ in accents, spaces or the form of their letters only."""
    names = list(names)
    taken = {column_key(name) for name in names}
    wanted = sorted({name.strip() for mapping in source.entities.values() for name in mapping.source_columns()})
    by_folded: dict[str, list[str]] = {}
    for name in names:
        by_folded.setdefault(_folded(name), []).append(name)
    found = {}
    for name in wanted:
        alike = by_folded.get(_folded(name), [])
        if column_key(name) not in taken and len(alike) == 1:
            found[alike[0]] = name
    return found


def spelled(source: FileSource, spellings: Mapping[str, str], read_as: Mapping[str, str]) -> dict[str, str]:
    """Column of the mapping → how the file writes it, for those that differ, be it in capitals or blanks.

    `spellings` are the file's names where blanks were taken off them, `read_as` the names of its columns here.
    """
    wanted = {column_key(name): name.strip() for mapping in source.entities.values() for name in mapping.source_columns()}
    found = {}
    for name, read in read_as.items():
        written, column = spellings.get(name, name), wanted.get(column_key(read))
        if column is not None and written != column:
            found[column] = written
    return found


def _looks_like_data(source: FileSource, names: list[str]) -> bool:
    """A first line that holds a value and none of the columns the mapping reads."""
    folded = {_folded(name) for name in names}
    wanted = {_folded(name) for mapping in source.entities.values() for name in mapping.source_columns()}
    return not folded & wanted and any(_LIKE_DATA.fullmatch(name) for name in names)


def checked(source: FileSource, name: str, names: list[str]) -> None:
    """Refuse a header that does not name every column once.

    Raises
    ------
    SourceError : a comment, a row of data, a name twice, a column without a name, or a name that is reserved.
    """
    if len(names) == 1 and names[0].startswith("#"):
        raise problem(source, name, f"the first line is a comment: {names[0]}", "set 'comment: \"#\"' for this source, or 'skip_rows'")
    if names and names[0].lower().startswith("sep=") and len(names) <= 2:
        raise problem(
            source, name, f"the first line, {names[0]}, is a note for spreadsheets and no header", "set 'skip_rows: 1' for this source"
        )
    if _looks_like_data(source, names):
        raise problem(
            source,
            name,
            f"has no header: the first line is data ({', '.join(names[:6])}), no column the mapping reads",
            "the first line must name the columns; 'skip_rows' passes over lines above it",
        )
    if "" in names:
        raise problem(source, name, f"column {names.index('') + 1} has no name in the header", "name every column in the first line")
    lower = [each.lower() for each in names]
    twice = sorted({each for each in lower if lower.count(each) > 1})
    if twice:
        raise problem(source, name, f"the header names a column twice: {', '.join(twice)}", "give each column its own name")
    taken = sorted(set(lower) & set(ROW_PLUMBING))
    if taken:
        raise problem(source, name, f"reserved column names: {', '.join(taken)}", "rename these columns")
