"""What is asked of the server: columns with their exact types, rows from the cursor on, and control totals."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from goodwill.errors import SourceError
from goodwill.sources.connectors.postgresql.settings import PostgresqlSource
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sources.databases import Measure

__all__ = ["Asked", "describe"]

_TYPES = {16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 700: "FLOAT", 701: "DOUBLE", 1082: "DATE", 1114: "TIMESTAMP"}
_TYPES |= {1184: "TIMESTAMP WITH TIME ZONE", 2950: "UUID"}
_BYTEA, _NUMERIC, _MONEY = 17, 1700, 790
_TIMED = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_ORDERED = (*_TIMED, "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "FLOAT")
_FOUR_DIGITS = re.compile(r"\d{4}-\d\d-\d\d([ ][\d:.+-]+)?")


def _relation(source: PostgresqlSource) -> sql.Composable:
    if source.table:
        return sql.Identifier(*source.table_path)
    return sql.SQL("({}) as query").format(sql.SQL(source.statement))


def _sql_type(oid: int, precision: int | None, scale: int | None) -> str:
    if oid == _NUMERIC and precision and scale is not None and precision <= 38 and 0 <= scale <= precision:
        return f"DECIMAL({precision},{scale})"
    return _TYPES.get(oid, "VARCHAR")


def describe(source: PostgresqlSource, cursor: Any) -> tuple[dict[str, str], frozenset[str]]:
    """The columns to read with their types, and which of them are `money`.

    Raises
    ------
    SourceError : bytes that a mapping or `columns` asks for, names that collide, a cursor that has no order.
    """

    def refuse(what: str, remedy: str) -> SourceError:
        return SourceError(f"source {source.name!r}: {source.part_name}: {what}", remedy)

    names = sql.SQL(", ").join(map(sql.Identifier, source.columns)) if source.columns else sql.SQL("*")
    cursor.execute(sql.SQL("select {} from {} limit 0").format(names, _relation(source)).as_string(cursor))
    wanted = source.read_columns() | {name.strip().lower() for name in source.columns or ()}
    columns: dict[str, str] = {}
    money = set()
    for column in cursor.description:
        if column.type_code == _BYTEA:
            if column.name.lower() in wanted:
                raise refuse(
                    f"column {column.name!r} holds bytes (bytea), which have no meaning here", "leave it out, or encode it in a query"
                )
            continue
        if column.name.lower() in {name.lower() for name in columns} | set(ROW_PLUMBING):
            raise refuse(
                f"column {column.name!r} is there twice, or is a name Goodwill uses itself", "rename it in a query, or name 'columns'"
            )
        columns[column.name] = _sql_type(column.type_code, column.precision, column.scale)
        if column.type_code == _MONEY:
            money.add(column.name)
        if columns[column.name] == "VARCHAR" and column.type_code in (_NUMERIC, _MONEY) and (source.decimal, source.thousands) != (".", ""):
            raise refuse(
                f"column {column.name!r} is a number without precision, read as text, but the source declares other marks in numbers",
                "leave out 'decimal' and 'thousands', or give the column a precision in a query: cast(… as numeric(18,2))",
            )
    _check_cursor(source, columns, refuse)
    return columns, frozenset(money)


def _check_cursor(source: PostgresqlSource, columns: dict[str, str], refuse: Any) -> None:
    if not source.cursor:
        return
    if source.cursor not in columns:
        raise refuse(f"no column {source.cursor!r}, which is the cursor; there are: {', '.join(columns)}", "mend 'cursor' in sources.yml")
    if columns[source.cursor] not in _ORDERED and not columns[source.cursor].startswith("DECIMAL"):
        raise refuse(
            f"the cursor {source.cursor!r} is neither a date, a time stamp nor a number",
            "choose another column, or cast it in a query; or set 'load: full'",
        )


@dataclass(frozen=True)
class Asked:
    """One pull: its columns, where it starts, and which values the engine could not hold.

    Parameters
    ----------
    high : the cursor of the pull before, in the server's text; `None` reads all.
    zone : zone of a cursor without one, to tell what lies in the future.
    odd : columns with values that have no exact place in Parquet (NaN, infinity, years beyond 9999); such rows are set apart, whole.
    """

    source: PostgresqlSource
    columns: dict[str, str]
    money: frozenset[str]
    high: str | None
    zone: str
    odd: frozenset[str] = field(default=frozenset())

    def _type(self, name: str) -> str:
        """The server's name of a column's type."""
        words = {"DOUBLE": "double precision", "FLOAT": "real", "TIMESTAMP WITH TIME ZONE": "timestamptz", "VARCHAR": "text"}
        return words.get(self.columns[name], self.columns[name].replace("DECIMAL", "numeric").lower())

    def _is_odd(self, name: str) -> sql.Composable:
        column = sql.Identifier(name)
        if self.columns[name].startswith("DECIMAL"):
            return sql.SQL("{} = 'NaN'").format(column)
        return sql.SQL("({0} < '0001-01-01' or {0} > '9999-12-31 23:59:59.999999'::{1})").format(column, sql.SQL(self._type(name)))

    def _value(self, name: str) -> sql.Composable:
        column = sql.Identifier(name)
        if name in self.odd:
            return sql.SQL("cast(case when not {0} then {1} end as {2}) as {1}").format(
                self._is_odd(name), column, sql.SQL(self._type(name))
            )
        if name in self.money:
            return sql.SQL("{0}::numeric::text as {0}").format(column)
        if self.columns[name] == "VARCHAR":
            return sql.SQL("{0}::text as {0}").format(column)
        return column

    def _low(self) -> sql.Composable:
        """Where to start: the cursor's last high less the look-back."""
        assert self.source.cursor
        sql_type, back, high = self.columns[self.source.cursor], self.source.look_back, sql.Literal(self.high)
        if sql_type == "DATE":
            return sql.SQL("{}::date - {}").format(high, sql.Literal(math.ceil(back)))
        if sql_type in _TIMED:
            return sql.SQL("{}::{} - make_interval(secs => {})").format(
                high, sql.SQL(self._type(self.source.cursor)), sql.Literal(back * 86_400)
            )
        if sql_type in ("SMALLINT", "INTEGER", "BIGINT"):
            return sql.SQL("greatest({}::numeric - {}, {})::bigint").format(high, sql.Literal(math.ceil(back)), sql.Literal(-(2**63)))
        return sql.SQL("{}::{} - {}").format(high, sql.SQL(self._type(self.source.cursor)), sql.Literal(back))

    def _rows(self) -> sql.Composable:
        """The rows of this pull, as the server has them. Rows that no cursor dates are read every time."""
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        base = sql.SQL("select {} from {}").format(names, _relation(self.source))
        if self.high is None or not self.source.cursor:
            return base
        cursor = sql.Identifier(self.source.cursor)
        undated = sql.SQL(" or {} = '-infinity'").format(cursor) if self.columns[self.source.cursor] in _TIMED else sql.SQL("")
        return sql.SQL("select * from ({}) as rows where {} >= {} or {} is null{}").format(base, cursor, self._low(), cursor, undated)

    def rows(self, limit: int | None) -> sql.Composable:
        """The select that is copied: every column in its exact type, then what is wrong with a row, and the row itself where it is odd."""
        values = [self._value(name) for name in self.columns]
        malformed: sql.Composable = sql.SQL("null::text")
        line: sql.Composable = sql.SQL("null::text")
        if self.odd:
            odd = sorted(self.odd)
            anything = sql.SQL(" or ").join(self._is_odd(name) for name in odd)
            line = sql.SQL("case when {} then row_to_json(rows)::text end").format(anything)
            read = [name for name in odd if name.lower() in self.source.read_columns()]
            if read:
                said = sql.SQL(", ").join(
                    sql.SQL("case when {} then {} || {}::text end").format(
                        self._is_odd(name), sql.Literal(f"{name} is "), sql.Identifier(name)
                    )
                    for name in read
                )
                malformed = sql.SQL("nullif(concat_ws('; ', {}), '')").format(said)
        bound = sql.SQL(" limit {}").format(sql.Literal(limit)) if limit is not None else sql.SQL("")
        return sql.SQL("select {}, {} as __malformed, {} as __line from ({}) as rows{}").format(
            sql.SQL(", ").join(values), malformed, line, self._rows(), bound
        )

    def totals(self, measures: list[Measure]) -> sql.Composable:
        """The select of the control totals, each as text, and the highest cursor that does not lie in the future."""
        figures = [sql.SQL("{}::text").format(_figure(measure)) for measure in measures]
        values = sql.SQL(", ").join([self._value(name) for name in self.columns])
        return sql.SQL("select {}, {} from (select {} from ({}) as rows) as read").format(
            sql.SQL(", ").join(figures), self._marks(), values, self._rows()
        )

    def _marks(self) -> sql.Composable:
        """The lowest and the highest cursor read, and how many rows have none. The high never lies in the future, and never falls."""
        if not self.source.cursor:
            return sql.SQL("null, null, 0")
        cursor, sql_type = sql.Identifier(self.source.cursor), self.columns[self.source.cursor]
        known: sql.Composable = sql.SQL("true")
        undated: sql.Composable = sql.SQL("{} is null").format(cursor)
        if sql_type in _TIMED:
            present = {
                "TIMESTAMP WITH TIME ZONE": sql.SQL("now()"),
                "TIMESTAMP": sql.SQL("(now() at time zone {})").format(sql.Literal(self.zone)),
                "DATE": sql.SQL("(now() at time zone {})::date").format(sql.Literal(self.zone)),
            }[sql_type]
            known = sql.SQL("{0} <= {1} and {0} > '-infinity'").format(cursor, present)
        elif sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL"):
            known = sql.SQL("{0} < 'Infinity' and {0} > '-Infinity'").format(cursor)
            if sql_type.startswith("DECIMAL"):
                known = sql.SQL("{0} <> 'NaN'").format(cursor)
        high = sql.SQL("max({}) filter (where {})").format(cursor, known)
        if self.high is not None:
            high = sql.SQL("greatest({}, {}::{})").format(high, sql.Literal(self.high), sql.SQL(self._type(self.source.cursor)))
        return sql.SQL("min({0}) filter (where {1})::text, ({2})::text, count(*) filter (where {3})").format(cursor, known, high, undated)

    def odd_columns(self, totals: dict[Measure, str | None]) -> frozenset[str]:
        """The columns whose totals show a value the engine cannot hold."""
        odd = set()
        for measure, figure in totals.items():
            sql_type = self.columns.get(measure.column, "")
            if sql_type.startswith("DECIMAL") and figure == "NaN":
                odd.add(measure.column)
            if sql_type in _TIMED and measure.kind in ("lowest", "highest") and figure and not _FOUR_DIGITS.fullmatch(figure):
                odd.add(measure.column)
        return frozenset(odd)


def _figure(measure: Measure) -> sql.Composable:
    column = sql.Identifier(measure.column)
    return {
        "rows": sql.SQL("count(*)"),
        "filled": sql.SQL("count({})").format(column),
        "sum": sql.SQL("sum({})").format(column),
        "lowest": sql.SQL("min({})").format(column),
        "highest": sql.SQL("max({})").format(column),
        "bytes": sql.SQL("sum(octet_length({}))").format(column),
        "true": sql.SQL("count(*) filter (where {})").format(column),
    }[measure.kind]
