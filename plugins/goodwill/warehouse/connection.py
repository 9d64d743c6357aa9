"""Opening a warehouse file: in UTC, with a bounded memory, and always closed again so that the next step can have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

__all__ = ["open_warehouse"]

#: Form of the files that are made here. From this version of DuckDB on, texts are compressed for a quarter less of the time; nobody else reads these files.
STORAGE_VERSION = "v1.3.0"


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse at `path`, closed at the end: DuckDB lets one process write, or many read, never both."""
    connection = duckdb.connect(str(path), read_only=read_only, config={"storage_compatibility_version": STORAGE_VERSION})
    try:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set temp_directory = '{str(path.parent).replace(chr(39), chr(39) * 2)}/spill'")
        yield connection
    finally:
        connection.close()
