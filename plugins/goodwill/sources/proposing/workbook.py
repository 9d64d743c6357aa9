"""The tables of an Excel workbook: which sheets hold one, and in which row its columns are named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.errors import SourceError

__all__ = ["Sheet", "sheets_of"]

#: Rows above the first row of data: titles, who exported it, blank rows.
_ABOVE = 30
#: A row that names columns fills at least so much of what the widest row does: a title fills a cell or two.
_FILLED = 0.6


@dataclass(frozen=True)
class Sheet:
    """A sheet, and what `sources.yml` has to say so that its table is read; `header_row` is 0 where no row names columns."""

    title: str
    header_row: int
    is_only: bool

    @property
    def settings(self) -> dict[str, Any]:
        return ({} if self.is_only else {"sheet": self.title}) | ({"header_row": self.header_row} if self.header_row > 1 else {})


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of a workbook, in their order.

    Raises
    ------
    SourceError : it cannot be read.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts of a workbook that are not cells
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                found = []
                for sheet in book.worksheets:
                    sheet.reset_dimensions()  # what a workbook says of its size may be less than it holds
                    rows = [list(row) for row in sheet.iter_rows(max_row=_ABOVE, values_only=True)]
                    found.append(Sheet(sheet.title, _header_row(rows), len(book.worksheets) == 1))
                return found
            finally:
                book.close()
    except Exception as error:  # a damaged workbook fails anywhere in the library, with any error
        what = f"{path}: is not a readable Excel workbook ({type(error).__name__}: {error})"
        raise SourceError(what, "open it in Excel, save it again as .xlsx, and send it again") from None


def _header_row(rows: list[list[Any]]) -> int:
    """The number of the first row that names columns: texts alone, none twice, about as many as the widest row; a row must follow it."""
    filled = [[value for value in row if value is not None and str(value).strip()] for row in rows]
    most = max(map(len, filled), default=0)
    for number, values in enumerate(filled, 1):
        names = [value.strip().lower() for value in values if isinstance(value, str)]
        is_wide = len(names) == len(values) >= max(min(2, most), _FILLED * most)
        if values and is_wide and len(set(names)) == len(names) and any(filled[number:]):
            return number
    return 0
