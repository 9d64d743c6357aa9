"""Excel workbooks (.xlsx): one sheet, values as they were typed, dates as dates."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.dialect import Record
from goodwill.sources.connectors.file.formats import Landed
from goodwill.sources.connectors.file.header import checked
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.rows import RowsWriter
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import ROWS, Labels
from goodwill.sql import column_key, literal

__all__ = ["ExcelFile"]

#: What a cell shows whose formula failed.
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA"})
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


def _text(value: Any) -> str | None:
    """A cell as text: numbers with the fifteen digits Excel keeps, dates as ISO."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}" if value == value and abs(value) < 1e300 else str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="auto")
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


class ExcelFile:
    """A workbook; `sheet` (else the only one, else the first) and `header_row` say where the table stands."""

    def __init__(self, source: FileSource, path: Path, name: str) -> None:
        self.source, self.path, self.name = source, path, name
        self.spellings: dict[str, str] = {}

    @contextmanager
    def _sheet(self, formulas: bool = False) -> Iterator[tuple[Any, Any]]:
        """The workbook and its sheet; cells hold values, or `formulas` where there are any."""
        import openpyxl

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # parts of a workbook that are not cells
                book = openpyxl.load_workbook(self.path, read_only=True, data_only=not formulas)
                try:
                    sheet = self._chosen(book)
                    sheet.reset_dimensions()  # what a workbook says of its size may be less than it holds
                    yield book, sheet
                finally:
                    book.close()
        except SourceError:
            raise
        except Exception as error:  # a damaged workbook fails anywhere in the library, with any error
            what = f"is not a readable Excel workbook ({type(error).__name__}: {error})"
            raise problem(self.source, self.name, what, "open it in Excel, save it again as .xlsx, and send it again") from None

    def _chosen(self, book: Any) -> Any:
        names = [sheet.title for sheet in book.worksheets]
        if self.source.sheet is not None:
            if self.source.sheet not in names:
                raise problem(self.source, self.name, f"has no sheet {self.source.sheet!r}; there are: {', '.join(names)}", "mend 'sheet'")
            return book[self.source.sheet]
        if len(names) != 1:
            raise problem(self.source, self.name, f"has {len(names)} sheets ({', '.join(names)})", "name the one to read: 'sheet'")
        return book.worksheets[0]

    def _merged_header(self, book: Any, sheet: Any) -> str:
        """The merged cells that cover the header row, as `A1:C1`; nothing where there are none."""
        with book._archive.open(sheet._worksheet_path) as cells:
            for left, top, right, bottom in _MERGED.findall(cells.read()):
                if int(top) <= self.source.header_row <= int(bottom):
                    return f"{left.decode()}{int(top)}:{right.decode()}{int(bottom)}"
        return ""

    def columns(self) -> dict[str, str]:
        with self._sheet() as (book, sheet):
            merged = self._merged_header(book, sheet)
            if merged:
                raise problem(
                    self.source,
                    self.name,
                    f"the header in row {self.source.header_row} has merged cells ({merged})",
                    "give each column its own cell, or set 'header_row' to the row that names the columns",
                )
            rows = sheet.iter_rows(min_row=self.source.header_row, max_row=self.source.header_row, values_only=True)
            written = [_text(value) or "" for value in next(rows, ())]
        names = [name.strip() for name in written]
        while names and not names[-1]:
            names.pop()
        if not names:
            if self.source.empty_allowed:
                return {}
            raise problem(
                self.source, self.name, f"row {self.source.header_row} names no column", "set 'header_row' to the row of the header"
            )
        checked(self.source, self.name, names)
        self.spellings = {name: cell for name, cell in zip(names, written, strict=False) if name != cell}
        return dict.fromkeys(names, "VARCHAR")

    def _unfinished(self, width: int) -> dict[int, dict[int, str]]:
        """Row → place → formula, of the cells whose formula has no result: the program that wrote it did not calculate."""
        with self._sheet() as (book, sheet):
            if not self._has_formulas(book, sheet):
                return {}
            first = self.source.header_row + 1
            found: dict[int, dict[int, str]] = {}
            with self._sheet(formulas=True) as (_, written):
                both = zip(sheet.iter_rows(min_row=first), written.iter_rows(min_row=first), strict=True)
                for number, (values, cells) in enumerate(both, first):
                    for place, (value, cell) in enumerate(zip(values[:width], cells[:width], strict=True)):
                        # an empty text is a result, and is written as one
                        if cell.data_type == "f" and value.value is None and value.data_type != "str":
                            found.setdefault(number, {})[place] = f"={str(getattr(cell.value, 'text', cell.value)).lstrip('=')}"
            return found

    @staticmethod
    def _has_formulas(book: Any, sheet: Any) -> bool:
        kept = b""
        with book._archive.open(sheet._worksheet_path) as cells:
            while chunk := cells.read(1 << 20):
                if _FORMULA.search(kept + chunk):
                    return True
                kept = chunk[-64:]
        return False

    def _records(self, columns: list[str]) -> Iterator[Record]:
        width, first = len(columns), self.source.header_row + 1
        wanted = {column_key(name) for mapping in self.source.entities.values() for name in mapping.source_columns()}
        read = [place for place, name in enumerate(columns) if column_key(name) in wanted]
        unfinished = self._unfinished(width)
        with self._sheet() as (_book, sheet):
            for number, cells in enumerate(sheet.iter_rows(min_row=first, values_only=True), first):
                fields = [_text(value) for value in cells]
                formulas = unfinished.get(number, {})
                if not any(fields) and not formulas:
                    continue
                while len(fields) > width and fields[-1] is None:
                    fields.pop()
                text = "\t".join(formulas.get(place, field or "") for place, field in enumerate(fields))
                fields += [None] * (width - len(fields))
                wrong = f"{len(fields)} cells instead of {width}" if len(fields) > width else ""
                if any(len(field or "") > self.source.max_field_length for field in fields):
                    wrong = f"a field longer than {self.source.max_field_length:,} characters"
                wrong = wrong or self._unusable(columns, read, fields, formulas)
                yield Record(None if wrong else fields, wrong, number, text)

    def _unusable(self, columns: list[str], read: list[int], fields: list[str | None], formulas: dict[int, str]) -> str:
        """What is wrong with a cell that the mapping reads: a formula without a result, or with an error for one."""
        for place in read:
            if place in formulas:
                return f"a formula without a result in column {columns[place]!r} (open the workbook in Excel and save it)"
            if fields[place] in _ERRORS and fields[place] not in self.source.null_values:
                return f"the error {fields[place]} in column {columns[place]!r}"
        return ""

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        with RowsWriter(folder / ROWS, columns, labels, self.source.header_row) as writer:
            writer.records(self._records(list(columns)))
        return Landed(writer.rows, writer.malformed, f"select * from read_parquet({literal(str(folder / ROWS))})")
