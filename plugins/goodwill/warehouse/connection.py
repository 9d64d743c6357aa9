"""Opening a warehouse file: in UTC, with a bounded memory, and always closed again so that the next step can have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

__all__ = ["open_warehouse"]


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse at `path`, closed at the end: DuckDB lets one process write, or many read, never both."""
    connection = duckdb.connect(str(path), read_only=read_only)
    try:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set temp_directory = '{str(path.parent).replace(chr(39), chr(39) * 2)}/spill'")
        yield connection
    finally:
        connection.close()
