"""One pull from a database: row by row, every value as exact text, held against the server's own control totals."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.connectors.protocol import ROWS, Approach, Labels, Written
from goodwill.sources.connectors.sql.settings import SqlSource
from goodwill.sources.credentials import Credentials, masked
from goodwill.sources.databases import Marks, as_text, compare, content_digest, low_of, measure_written
from goodwill.sources.databases.measures import Measure
from goodwill.sql import literal

__all__ = ["SqlPart"]

_BLOCK = 10_000
_REMEDY = "see that the database is up and lets this user read; then run again: nothing was landed"


def _engine(credentials: Credentials) -> sa.Engine:
    """The way to the database; `postgresql://` means the driver that is installed.

    Raises
    ------
    ConfigurationError : no URL of a database, or its driver is not installed.
    """
    try:
        url = sa.make_url(credentials.uri).difference_update_query(["__extra__"])
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg2")
        if url.drivername.startswith("sqlite") and not Path(url.database or "").is_file():
            raise ConfigurationError(f"{credentials}: there is no file {url.database!r}", "write it as sqlite:////folder/file.db")
        return sa.create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise ConfigurationError(
            f"{credentials} cannot be used: {masked(type(error).__name__, credentials)}",
            "write it as dialect+driver://user:password@host:port/database, and install the driver",
        ) from None


@dataclass(frozen=True)
class SqlPart:
    """One pull."""

    source: SqlSource
    credentials: Credentials
    approach: Approach

    sha256: None = None

    @property
    def name(self) -> str:
        return self.source.part_name

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, of one moment where the database has such."""
        try:
            with _engine(self.credentials).connect() as connection:
                dialect = connection.dialect.name
                if dialect in ("postgresql", "mysql", "mariadb"):
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")
                if dialect == "postgresql":
                    connection.execute(sa.text("set transaction read only"))
                    connection.execute(
                        sa.text("select set_config('statement_timeout', :ms, true), set_config('application_name', 'goodwill', true)"),
                        {"ms": str(int(self.source.timeout_seconds * 1000))},
                    )
                elif dialect == "sqlite":
                    connection.exec_driver_sql("pragma query_only = on")
                    connection.exec_driver_sql("begin")
                yield connection
        except (SQLAlchemyError, UnicodeError) as error:
            raise self._problem(getattr(error, "orig", None) or error, _REMEDY) from None
        except (ValueError, OverflowError) as error:  # where Python has no value for what is there: a year before Christ
            remedy = "mend the value, or leave its row out in a query; 'connector: postgresql' sets such rows apart"
            raise self._problem(error, remedy) from None

    def _problem(self, error: object, remedy: str) -> SourceError:
        said = (masked(error, self.credentials).strip().splitlines() or [type(error).__name__])[0]
        return SourceError(f"source {self.source.name!r}: {self.name}: reading over {self.credentials}: {said}", remedy)

    @property
    def _statement(self) -> str:
        """The query, in which a colon is no parameter, and behind which a comment ends."""
        return self.source.statement.replace(":", "\\:") + "\n"

    def _relation(self, names: list[str]) -> Any:
        """The table, or the query, with these columns."""
        columns = [sa.column(name) for name in names]
        if not self.source.table:
            return sa.text(self._statement).columns(*columns).subquery("query")
        *schema, table = (sa.quoted_name(part, True) for part in self.source.table_path)
        return sa.table(table, *columns, schema=schema[0] if schema else None)

    def columns(self) -> dict[str, str]:
        with self._reading() as connection:
            if self.source.table:
                look: Any = sa.select(sa.text("*")).select_from(self._relation([])).where(sa.text("1 = 0"))
            else:
                look = sa.text(f"select * from ({self._statement}) as query where 1 = 0")
            found = list(connection.execute(look).keys())
        missing = [name for name in self.source.columns or () if name not in found]
        if missing:
            raise SourceError(
                f"source {self.source.name!r}: {self.name}: no column {', '.join(missing)}; there are: {', '.join(found)}", "mend 'columns'"
            )
        names = list(self.source.columns or found)
        self.source.check_columns(names)
        return dict.fromkeys(names, "VARCHAR")

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        file, limit = folder / ROWS, self.approach.limit
        rows = _Rows(self.source, list(columns), Marks(self.source.time_zone or self.approach.zone))
        with self._reading() as connection:
            relation = self._relation(rows.names)
            conditions = self._new(connection, relation)
            streamed = connection.execution_options(stream_results=True, yield_per=_BLOCK)
            rows.write(streamed.execute(sa.select(*relation.c).where(*conditions).limit(limit)).partitions(), labels, file)
            self._refuse_empty(connection, relation, rows.count)
            totals = {} if limit is not None else _totals(connection, relation, conditions, rows)
        with duckdb.connect() as engine:
            written = measure_written(engine, file, columns, [measure for measure in totals if measure.kind != "sum"]) if totals else {}
            written |= {measure: as_text(rows.sums[measure.column]) for measure in totals if measure.kind == "sum"}
            types = {name: "DOUBLE" if isinstance(total, float) else "DECIMAL(38,0)" for name, total in rows.sums.items()}
            compare(self.source.name, self.name, types, totals, written)
            digest = content_digest(engine, file, columns)
        notes = {f"{self.source.cursor}:NO_CURSOR": rows.marks.undated} if rows.marks.undated else {}
        relation = f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet({literal(str(file))})"
        high = rows.marks.highest(self.approach.cursor_high)
        return Written(rows.count, 0, relation, digest, file.stat().st_size, None, as_text(rows.marks.low), high, notes=notes)

    def _new(self, connection: sa.Connection, relation: Any) -> list[Any]:
        """The conditions of what is new; rows that no cursor dates are read every time."""
        if self.approach.cursor_high is None or not self.source.cursor:
            return []
        cursor = relation.c[self.source.cursor]
        like = connection.execute(sa.select(sa.func.max(cursor))).scalar()
        if like is None:
            return []
        low = low_of(self.source.name, self.source.cursor, self.approach.cursor_high, like, self.source.look_back)
        return [sa.or_(cursor >= low, cursor.is_(None), *([cursor == ""] if isinstance(like, str) else []))]

    def _refuse_empty(self, connection: sa.Connection, relation: Any, rows: int) -> None:
        """No row at all is an error, unless the source says it may be; no row that is new is not."""
        if rows or self.source.empty_allowed:
            return
        if not connection.execute(sa.select(sa.func.count()).select_from(relation)).scalar():
            raise SourceError(
                f"source {self.source.name!r}: {self.name} is empty (0 rows)",
                "see what happened there, or set 'empty_allowed: true' for this source",
            )

    def verify(self) -> None:
        """Nothing to look at again: data and control totals are of one transaction, and were held against each other."""


class _Rows:
    """Rows on their way to Parquet: written block by block, counted, and summed where a column holds numbers only."""

    def __init__(self, source: SqlSource, names: list[str], marks: Marks) -> None:
        self.source, self.names, self.marks = source, names, marks
        self.count = 0
        self.sums: dict[str, Any] = dict.fromkeys(names, 0)
        self._read = source.read_columns()

    def write(self, blocks: Any, labels: Labels, file: Path) -> None:
        """Write all blocks."""
        text = [(name, pa.string()) for name in (*self.names, "__malformed", "__line", "__batch_id", "__file")]
        schema = pa.schema([*text, ("__row_no", pa.int64()), ("__extracted_at", pa.timestamp("us"))])
        extracted = dt.datetime.fromisoformat(labels.extracted_at)
        with pq.ParquetWriter(file, schema, compression="zstd", compression_level=1) as writer:
            for block in blocks:
                columns = list(zip(*block, strict=True))
                size = len(block)
                arrays = [pa.array(self._column(name, values), pa.string()) for name, values in zip(self.names, columns, strict=True)]
                labelled = [pa.nulls(size, pa.string())] * 2 + [pa.repeat(pa.scalar(text), size) for text in (labels.batch_id, labels.file)]
                numbers = pa.array(range(self.count + 1, self.count + size + 1), pa.int64())
                stamps = pa.repeat(pa.scalar(extracted, pa.timestamp("us")), size)
                writer.write_table(pa.Table.from_arrays([*arrays, *labelled, numbers, stamps], schema=schema))
                self.count += size

    def _column(self, name: str, values: tuple[Any, ...]) -> list[str | None]:
        if name == self.source.cursor:
            for value in values:
                self.marks.see(value)
        kinds = {type(value) for value in values} - {type(None)}
        if kinds & {bytes, bytearray, memoryview} and name.lower() in self._read:
            raise SourceError(
                f"source {self.source.name!r}: {self.source.part_name}: column {name!r} holds bytes, which have no meaning here",
                "leave it out, or encode it in a query",
            )
        if name in self.sums:
            self._add(name, kinds, values)
        return [as_text(value) for value in values]

    def _add(self, name: str, kinds: set[type], values: tuple[Any, ...]) -> None:
        """Add up a column; one value that is no finite number, and the column has no sum."""
        if not kinds <= {int, float, Decimal} or not all(math.isfinite(value) for value in values if value is not None):
            del self.sums[name]
            return
        given = [value for value in values if value is not None]
        if float in kinds or isinstance(self.sums[name], float):
            self.sums[name] = math.fsum([self.sums[name], *given])
            return
        with localcontext() as exact:
            exact.prec = 200
            self.sums[name] += sum(given)


def _totals(connection: sa.Connection, relation: Any, conditions: list[Any], rows: _Rows) -> dict[Measure, str | None]:
    """The database's own count of rows, of the values of each column, and its sums of those that hold numbers."""
    figures: dict[Measure, Any] = {Measure("rows"): sa.func.count()}
    for name in rows.names:
        figures[Measure("filled", name)] = sa.func.count(relation.c[name])
        if name in rows.sums:
            figures[Measure("sum", name)] = sa.func.coalesce(sa.func.sum(relation.c[name]), 0)
    answer = connection.execute(sa.select(*figures.values()).select_from(relation).where(*conditions)).one()
    return {measure: as_text(value) for measure, value in zip(figures, answer, strict=True)}
