"""A digest of rows that does not depend on their order: the same rows again are no news."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb

from goodwill.sql import identifier, literal

__all__ = ["content_digest"]


def content_digest(connection: duckdb.DuckDBPyConnection, file: Path, columns: dict[str, str]) -> str:
    """SHA-256 over the columns, the count of the rows, and the sum and the exclusive or of a 64-bit hash of each row.

    The hash is the engine's own: after a change of its version the same rows may once count as new, and land again, which costs a copy
    and changes no figure.
    """
    row = f"hash({', '.join([*map(identifier, columns), '__malformed', '__line'])})"
    figures = connection.execute(
        f"select count(*), sum(cast(h as hugeint)), bit_xor(h) from (select {row} as h from read_parquet({literal(str(file))}))"
    ).fetchone()
    return hashlib.sha256(json.dumps([list(columns.items()), [str(figure) for figure in figures or ()]]).encode()).hexdigest()
