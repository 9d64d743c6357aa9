"""The engine that gathers pages: small, because the network is what takes the time."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["open_engine"]


def open_engine(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection that streams with one thread, and sorts on disk, in `folder`, what does not fit 512 MB."""
    return duckdb.connect(config={"threads": 1, "memory_limit": "512MB", "temp_directory": str(folder / "spill")})
