"""Control totals of a table: measured at the server, measured over what was written, and held against each other."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from pathlib import Path
from typing import Literal

import duckdb

from goodwill.errors import SourceError
from goodwill.sql import identifier, literal

__all__ = ["Measure", "compare", "measure_written", "measures_of"]

Kind = Literal["rows", "filled", "sum", "lowest", "highest", "bytes", "true"]

_WHOLE = ("SMALLINT", "INTEGER", "BIGINT")
_SPANNED = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DOUBLE", "FLOAT")
#: What a sum of binary floats may differ by, as a share: its last digits depend on the order of the rows.
_NOISE = 1e-9


@dataclass(frozen=True)
class Measure:
    """One figure over all rows: of the table (`rows`), or of a column."""

    kind: Kind
    column: str = ""

    def __str__(self) -> str:
        words = {
            "rows": "rows",
            "filled": f"values of {self.column!r}",
            "sum": f"the sum of {self.column!r}",
            "lowest": f"the lowest {self.column!r}",
            "highest": f"the highest {self.column!r}",
            "bytes": f"the bytes of {self.column!r}",
            "true": f"the trues of {self.column!r}",
        }
        return words[self.kind]


def measures_of(columns: dict[str, str]) -> list[Measure]:
    """What is measured of columns of these types: how many values, and a figure that changes when one of them does."""
    found = [Measure("rows")]
    for name, sql_type in columns.items():
        found.append(Measure("filled", name))
        if sql_type in _WHOLE or sql_type.startswith("DECIMAL"):
            found.append(Measure("sum", name))
        elif sql_type in _SPANNED:
            found += [Measure("lowest", name), Measure("highest", name)]
        elif sql_type == "VARCHAR":
            found.append(Measure("bytes", name))
        elif sql_type == "BOOLEAN":
            found.append(Measure("true", name))
    return found


def _written_sql(measure: Measure, sql_type: str) -> str:
    column = identifier(measure.column)
    if measure.kind == "sum" and sql_type.startswith("DECIMAL(3"):
        # a sum of 38 digits would overflow: whole and broken parts apart
        scale = int(sql_type[8:-1].split(",")[1])
        whole = f"sum(cast(trunc({column}) as hugeint))"
        broken = f"sum(cast(({column} - trunc({column})) as decimal(38,{scale})))"
        return f"cast({whole} as varchar) || ' ' || cast({broken} as varchar)"
    sql = {
        "rows": "count(*)",
        "filled": f"count({column})",
        "sum": f"sum({column})",
        "lowest": f"min({column})",
        "highest": f"max({column})",
        "bytes": f"sum(strlen({column}))",
        "true": f"count(*) filter (where {column})",
    }[measure.kind]
    return f"cast({sql} as varchar)"


def measure_written(
    connection: duckdb.DuckDBPyConnection, file: Path, columns: dict[str, str], measures: list[Measure]
) -> dict[Measure, str | None]:
    """The measures over a Parquet file, as text."""
    connection.execute("set TimeZone = 'UTC'")
    figures = ", ".join(_written_sql(measure, columns.get(measure.column, "")) for measure in measures)
    row = connection.execute(f"select {figures} from read_parquet({literal(str(file))})").fetchone() or ()
    return dict(zip(measures, row, strict=True))


def _short(value: float) -> float:
    """The nearest float of 4 bytes."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _alike(server: str | None, written: str | None, sql_type: str) -> bool:
    if server is None or written is None:
        return server is written
    if server == written:
        return True
    try:
        if sql_type in ("DOUBLE", "FLOAT"):
            one, other = float(server), float(written)
            if sql_type == "FLOAT":  # two engines write one and the same short float with other digits
                one, other = _short(one), _short(other)
            return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=_NOISE)
        with localcontext() as exact:
            exact.prec = 200
            return Decimal(server) == sum((Decimal(part) for part in written.split()), Decimal(0))
    except (ValueError, InvalidOperation):
        return False


def compare(source: str, part: str, columns: dict[str, str], server: dict[Measure, str | None], written: dict[Measure, str | None]) -> None:
    """Raise `SourceError` where what was written is not what the server counted."""
    wrong = [
        f"{measure}: {server[measure]} at the server, {written[measure]} read"
        for measure in server
        if not _alike(server[measure], written[measure], columns.get(measure.column, ""))
    ]
    if wrong:
        raise SourceError(
            f"source {source!r}: {part}: what was read is not what the server counted: {'; '.join(wrong[:5])}",
            "run again; if it comes back, report it: nothing was landed",
        )
