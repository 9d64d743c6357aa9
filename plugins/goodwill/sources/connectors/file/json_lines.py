"""JSON lines: one object a line, or one array of objects over any number of lines. Numbers are kept as they are written, nested objects are dotted columns, lists JSON text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from goodwill.sources.connectors.file.dialect import NOT_TEXT, Record, lines_of
from goodwill.sources.connectors.file.formats import Landed
from goodwill.sources.connectors.file.header import checked
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.rows import RowsWriter
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.text import TextFile
from goodwill.sources.connectors.protocol import ROWS, Labels
from goodwill.sources.json_text import elements, read_json, spread
from goodwill.sql import literal

__all__ = ["JsonLinesFile"]


#: What stands beside the list where one object holds all the rows: how many there are, and where the next are.
_BESIDE_A_LIST = re.compile(
    r"(count|cursor|has_?more|has_?next|limit|links?|meta|next|object|offset|ok|page|pages|pagination|paging|previous|prev|size|status|success|total|url|version)(\b|_).*",
    re.I,
)


def _holds_them_all(fields: dict[str, str | None]) -> bool:
    """It is one list of objects, and nothing of its own: the rows are in it."""
    lists = [name for name, value in fields.items() if re.match(r"\[\s*\{", value or "")]
    return len(lists) == 1 and all(_BESIDE_A_LIST.fullmatch(name) for name in fields if name not in lists)


def _read(line: str, longest: int) -> tuple[dict[str, str | None] | None, str]:
    """The fields of a line, or what is wrong with it."""
    if any("\udc80" <= char <= "\udcff" for char in line):
        return None, NOT_TEXT
    if "\0" in line:
        return None, "a NUL byte"
    try:
        found = read_json(line.strip())
        if not isinstance(found, dict):
            return None, "not a JSON object"
        row = spread(found)
        fields = {name.strip(): value or None for name, value in row.items()}
        if len(fields) < len(row):
            return None, "two values for one column"
        for text in (*fields, *fields.values()):
            (text or "").encode()
            if "\0" in (text or ""):
                return None, "a NUL character"
    except UnicodeError:
        return None, "half a character (a lone surrogate)"
    except ValueError as error:
        return None, f"not JSON ({error})"
    if any(len(value or "") > longest for value in fields.values()):
        return None, f"a field longer than {longest:,} characters"
    return fields, ""


class JsonLinesFile:
    """A file of JSON lines, or of one array of objects; packed or not."""

    def __init__(self, source: FileSource, path: Path, name: str) -> None:
        self.source, self.file = source, TextFile(source, path, name)
        self.spellings: dict[str, str] = {}

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Each object's text and the line it begins on."""
        if self.file.head(1024).lstrip()[:1] == b"[":
            yield from self._elements()
            return
        number = 0
        for segment in self.file.segments(0, b""):
            for line in lines_of(segment.decode("utf-8", "surrogateescape")):
                number += 1
                if number > self.source.skip_rows and line.strip():
                    yield number, line.rstrip("\r\n")

    def _elements(self) -> Iterator[tuple[int, str]]:
        """The same of an array; its text, not its objects, is held in memory."""
        text = b"".join(self.file.chunks(1 << 24)).decode("utf-8", "surrogateescape")
        number = before = 0
        try:
            for place, element in elements(text):
                number += text.count("\n", before, place)
                before = place
                yield number + 1, element
        except ValueError as error:
            remedy = "send it again whole: one array of objects, or one object a line (JSON lines)"
            raise problem(self.source, self.file.name, f"begins with [ and is not one whole JSON array ({error})", remedy) from None

    def columns(self) -> dict[str, str]:
        names: dict[str, str] = {}
        lines = objects = 0
        holds_them_all = False
        for _, line in self._lines():
            lines += 1
            fields, _wrong = _read(line, self.source.max_field_length)
            if fields is not None:
                objects += 1
                holds_them_all = objects == 1 and _holds_them_all(fields)
                names.update(dict.fromkeys(fields, "VARCHAR"))
        if holds_them_all or not names:
            if not lines and self.source.empty_allowed:
                return {}
            what = "holds no JSON object on a line of its own" if lines else "has no line"
            raise problem(
                self.source,
                self.file.name,
                "is one JSON object with its rows in a list" if holds_them_all else what,
                "write one object a line (JSON lines), or one array of objects: not one object that holds them all",
            )
        checked(self.source, self.file.name, list(names))
        return names

    def _records(self) -> Iterator[Record]:
        columns = self.columns()
        for number, line in self._lines():
            fields, wrong = _read(line, self.source.max_field_length)
            yield Record(None if fields is None else [fields.get(name) for name in columns], wrong, number, line)

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        with RowsWriter(folder / ROWS, columns, labels, 0) as writer:
            writer.records(self._records())
        return Landed(writer.rows, writer.malformed, f"select * from read_parquet({literal(str(folder / ROWS))})")
