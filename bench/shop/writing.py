"""Frames to files: one file per entity, a folder per night, and a known share of rows made bad on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
from goodwill.entities import ENTITIES

from bench.shop.frames import MACROS, Array, Frame, stream
from bench.shop.parameters import DAYS, FIRST_DAY

__all__ = ["DIRT", "Written", "write"]

Format = Literal["csv", "parquet"]

#: Entity → the ways its rows are made bad: name, column, SQL for the bad text (`{}` is the good text), reason expected of the night.
DIRT: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "orders": (
        ("unparsable date", "ordered_at", "'2025-13-45T25:61:00Z'", "BAD_TIMESTAMP"),
        ("unparsable amount", "net_amount", "'12,5O'", "BAD_NUMBER"),
        ("empty key", "order_id", "null", "MISSING_REQUIRED"),
        ("negative amount", "net_amount", "'-' || {}", "NEGATIVE_AMOUNT"),
    ),
    "refunds": (("unparsable amount", "amount", "'n/a'", "BAD_NUMBER"), ("empty key", "refund_id", "null", "MISSING_REQUIRED")),
    "contacts": (("unparsable date", "created_at", "'yesterday'", "BAD_TIMESTAMP"),),
    "contact_events": (
        ("unknown kind", "kind", "'teleported'", "UNKNOWN_KIND"),
        ("unparsable date", "occurred_at", "'31/02/2025 10:00'", "BAD_TIMESTAMP"),
    ),
}


@dataclass
class Written:
    """What came out: rows per entity and each row made bad."""

    rows: dict[str, int] = field(default_factory=dict)
    injected: list[dict[str, Any]] = field(default_factory=list)


def _night_of(known: Array | None, rows: int, nights: int) -> Array:
    """0 for what was known before the first night, else the number of the night that brings the row."""
    if known is None or not nights:
        return np.zeros(rows, dtype=np.int32)
    night: Array = np.maximum(known - (DAYS - 1 - nights), 0).astype(np.int32)
    return night


def _text(expression: str, kind: str) -> str:
    """SQL for how a value is written in a text file; times in ISO 8601, UTC."""
    if kind == "timestamp":
        return f"strftime({expression}, '%Y-%m-%dT%H:%M:%SZ')"
    return f"({expression})::varchar"


def _projection(frame: Frame, raw: pa.Table, as_text: bool) -> str:
    parts = []
    for column in ENTITIES[frame.entity].columns:
        expression = frame.select.get(column.name) or (column.name if column.name in raw.column_names else "null")
        expression = f"({expression})::{column.sql_type}" if not as_text else _text(expression, column.kind)
        for number, (_, name, bad, _) in enumerate(DIRT.get(frame.entity, ()), start=1):
            if as_text and name == column.name and "_dirt" in raw.column_names:
                expression = f"case when _dirt = {number} then {bad.format(expression)} else {expression} end"
        parts.append(f"{expression} as {column.name}")
    return ", ".join(parts)


def _dirty(seed: int, frame: Frame, rows: int, share: float) -> Array | None:
    """Which rows are made bad, and how: 0 for a good row, else the number of its way."""
    ways = len(DIRT.get(frame.entity, ()))
    if not share or not ways:
        return None
    count = min(max(round(rows * share), ways), rows)
    dirt = np.zeros(rows, dtype=np.int8)
    chosen = stream(seed, f"dirt {frame.entity}").choice(rows, count, replace=False)
    dirt[chosen] = np.arange(count) % ways + 1
    return dirt


def _injected(frame: Frame, dirt: Array, night: Array, files: list[str]) -> Iterable[dict[str, Any]]:
    in_file = np.empty(len(night), dtype=np.int64)
    for number in range(len(files)):
        inside = night == number
        in_file[inside] = np.arange(1, int(inside.sum()) + 1)
    for position in np.flatnonzero(dirt):
        name, column, _, reason = DIRT[frame.entity][dirt[position] - 1]
        yield {
            "entity": frame.entity,
            "file": files[night[position]],
            "row": int(in_file[position]),
            "column": column,
            "error": name,
            "reason": reason,
        }


def write(frames: Iterable[Frame], out: Path, seed: int, form: Format = "csv", nights: int = 0, dirt: float = 0.0) -> Written:
    """Write each frame under `out`.

    Parameters
    ----------
    form : `csv` (header, quoted where needed, empty = none) or `parquet` (typed; text where `dirt` needs it).
    nights : 0 = one file per entity. N = what was known before the last N days, then one folder `nights/<day>/` for each of
        them with what became known that day: late orders, late refunds and changed contacts among it.
    dirt : share of the rows of `orders`, `refunds`, `contacts` and `contact_events` to make bad.
    """
    written = Written()
    out.mkdir(parents=True, exist_ok=True)
    options = "(format csv, header true)" if form == "csv" else "(format parquet, compression zstd)"
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = true")
        connection.execute(MACROS)
        for frame in frames:
            raw = pa.table(dict(frame.raw))
            rows = raw.num_rows
            night = _night_of(frame.known, rows, nights)
            bad = _dirty(seed, frame, rows, dirt)
            raw = raw.append_column("_night", pa.array(night))
            if bad is not None:
                raw = raw.append_column("_dirt", pa.array(bad))
            connection.register("raw", raw)
            projection = _projection(frame, raw, as_text=form == "csv" or bad is not None)
            files = [f"{frame.entity}.{form}"]
            for number in range(nights + 1):
                if number:
                    day = np.datetime64(FIRST_DAY) + (DAYS - 1 - nights + number)
                    files.append(f"nights/{day}/{frame.entity}.{form}")
                if number and not (night == number).any():
                    continue
                target = out / files[number]
                target.parent.mkdir(parents=True, exist_ok=True)
                quoted = str(target).replace("'", "''")
                where = f" where _night = {number}" if nights else ""
                connection.execute(f"copy (select {projection} from raw{where}) to '{quoted}' {options}")
            connection.unregister("raw")
            written.rows[frame.entity] = rows
            if bad is not None:
                written.injected.extend(_injected(frame, bad, night, files))
    return written
