"""Rows that a whole pull finds and that pulls of what is new could not: they came, or changed, behind the mark where those begin to read."""

from __future__ import annotations

from pathlib import Path

import duckdb

from goodwill.extract.batches import Manifest
from goodwill.sources import Source
from goodwill.sql import column_key, identifier, literal, literals

__all__ = ["count_missed"]

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE")


def count_missed(source: Source, before: list[Manifest], files: list[Path], columns: dict[str, str], rows: Path, scratch: Path) -> int:
    """How many of `rows`, the whole of an incremental source now, lie further back than a pull of what is new reads, and are in none of `files`.

    Parameters
    ----------
    before, files : the last whole pull and those after it, and their rows. Where the structure changed since, nothing can be compared: 0.

    Works in 256 MB, and on disk in `scratch` beyond.
    """
    marks = [manifest.cursor_high for manifest in before if manifest.cursor_high]
    name = next((each for each in columns if source.cursor and column_key(each) == column_key(source.cursor)), None)
    if not marks or name is None or any(manifest.columns != columns for manifest in before):
        return 0
    behind = _behind(identifier(name), columns[name], literal(marks[-1]), source.look_back)
    hashed = f"hash({', '.join(map(identifier, columns))}) as h"
    with duckdb.connect(config={"memory_limit": "256MB", "temp_directory": str(scratch), "preserve_insertion_order": False}) as connection:
        (count,) = connection.execute(
            f"select count(*) from (select {hashed} from read_parquet({literal(str(rows))}) where {behind}) as now "
            f"anti join (select {hashed} from read_parquet([{literals(map(str, files))}])) as was on now.h = was.h"
        ).fetchall()[0]
    return int(count)


def _behind(cursor: str, sql_type: str, mark: str, look_back: float) -> str:
    """SQL: whether a cursor lies before the mark less the look-back. Text is read from the day before on, so only what lies before that is behind."""
    if sql_type.startswith(_NUMBERS):
        return f"{cursor} < try_cast({mark} as decimal(38, 9)) - {look_back}"
    at = f"try_cast({mark} as timestamp) - interval ({look_back * 86400}) second"
    if sql_type in ("VARCHAR", "DATE"):
        at = f"date_trunc('day', {at}) - interval 1 day"
    return f"try_cast({cursor} as timestamp) < {at}"
