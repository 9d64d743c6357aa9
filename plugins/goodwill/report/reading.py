"""Reading the night's warehouse: read-only, and content with tables that do not exist yet."""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

__all__ = ["Row", "Warehouse"]

Row = dict[str, Any]


def _usable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Warehouse:
    """A warehouse file opened read-only for the time of a `with` block.

    A night that stopped early may have no file, or a file without the later tables: `first` and `has` answer that, so that no
    caller has to catch an error to learn it.

    Parameters
    ----------
    path : the DuckDB file; it may be missing or unreadable, then there are no tables and `trouble` says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: str | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._columns: dict[str, set[str]] = {}

    def __enter__(self) -> Warehouse:
        if not self.path.is_file():
            self.trouble = "The night stopped before it had a warehouse, so no figure could be measured."
            return self
        try:
            self._connection = duckdb.connect(str(self.path), read_only=True)
        except duckdb.Error as error:
            self.trouble = f"The warehouse of this night cannot be read ({error}), so no figure could be measured."
            return self
        catalog = "select table_schema || '.' || table_name, column_name from information_schema.columns"
        for table, column in self._connection.execute(catalog).fetchall():
            self._columns.setdefault(table, set()).add(column)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def has(self, table: str, *columns: str) -> bool:
        """Whether `schema.table` exists and has all of `columns`."""
        return table in self._columns and self._columns[table].issuperset(columns)

    def first(self, *tables: str) -> str | None:
        """The first of `tables` that exists: the mart where it was built, else what it is made from."""
        return next((table for table in tables if table in self._columns), None)

    def rows(self, query: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[Row]:
        """All rows of `query`, each as column name → value; a number that is none (NaN, infinity) is None, as no reader can use it."""
        if self._connection is None:
            return []
        cursor = self._connection.execute(query, parameters or [])
        names = [column[0] for column in cursor.description or []]
        return [{name: _usable(value) for name, value in zip(names, values, strict=True)} for values in cursor.fetchall()]

    def row(self, query: str, parameters: list[Any] | dict[str, Any] | None = None) -> Row:
        """The first row of `query`; empty when there is none."""
        found = self.rows(query, parameters)
        return found[0] if found else {}
