"""What is asked of the server: columns with their exact types, rows from the cursor on, and control totals."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from goodwill.errors import SourceError
from goodwill.sources.connectors.postgresql.settings import PostgresqlSource
from goodwill.sources.databases import Measure
from goodwill.sql import identifier, literal

__all__ = ["Asked", "Described", "describe"]

_TYPES = {16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 700: "FLOAT", 701: "DOUBLE", 1082: "DATE", 1114: "TIMESTAMP"}
_TYPES |= {1184: "TIMESTAMP WITH TIME ZONE", 2950: "UUID"}
_BYTEA, _NUMERIC, _MONEY = 17, 1700, 790
_TIMED = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_ORDERED = (*_TIMED, "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "FLOAT")
_FOUR_DIGITS = re.compile(r"\d{4}-\d\d-\d\d([ ][\d:.+-]+)?")


def _relation(source: PostgresqlSource) -> str:
    return ".".join(map(identifier, source.table_path)) if source.table else f"({source.statement}\n) as query"


def _sql_type(oid: int, precision: int | None, scale: int | None) -> str:
    if oid == _NUMERIC and precision and scale is not None and precision <= 38 and 0 <= scale <= precision:
        return f"DECIMAL({precision},{scale})"
    return _TYPES.get(oid, "VARCHAR")


@dataclass(frozen=True)
class Described:
    """What is known of a source before it is read.

    Parameters
    ----------
    columns : to read, with their types.
    money : those of them that are `money`.
    is_table : rows lie there as they are; a view or a query may make them of the moment at which it is asked.
    """

    columns: dict[str, str]
    money: frozenset[str]
    is_table: bool


def describe(source: PostgresqlSource, cursor: Any) -> Described:
    """Look at a source.

    Raises
    ------
    SourceError : bytes that a mapping or `columns` asks for, names that collide, a cursor that has no order.
    """

    def refuse(what: str, remedy: str) -> SourceError:
        return SourceError(f"source {source.name!r}: {source.part_name}: {what}", remedy)

    names = ", ".join(map(identifier, source.columns)) if source.columns else "*"
    cursor.execute(f"select {names} from {_relation(source)} limit 0")
    wanted = source.read_columns() | {name.strip().lower() for name in source.columns or ()}
    source.check_columns([column.name for column in cursor.description])
    columns: dict[str, str] = {}
    money = set()
    for column in cursor.description:
        if column.type_code == _BYTEA:
            if column.name.lower() in wanted:
                raise refuse(
                    f"column {column.name!r} holds bytes (bytea), which have no meaning here", "leave it out, or encode it in a query"
                )
            continue
        columns[column.name] = _sql_type(column.type_code, column.precision, column.scale)
        if column.type_code == _MONEY:
            money.add(column.name)
        if columns[column.name] == "VARCHAR" and column.type_code in (_NUMERIC, _MONEY) and (source.decimal, source.thousands) != (".", ""):
            raise refuse(
                f"column {column.name!r} is a number without precision, read as text, but the source declares other marks in numbers",
                "leave out 'decimal' and 'thousands', or give the column a precision in a query: cast(… as numeric(18,2))",
            )
    if source.cursor and columns[source.cursor] not in _ORDERED and not columns[source.cursor].startswith("DECIMAL"):
        raise refuse(
            f"the cursor {source.cursor!r} is neither a date, a time stamp nor a number",
            "choose another column, or cast it in a query; or set 'load: full'",
        )
    return Described(columns, frozenset(money), bool(source.table) and _is_table(source, cursor))


def _is_table(source: PostgresqlSource, cursor: Any) -> bool:
    cursor.execute("select relkind in ('r', 'p', 'm') from pg_class where oid = to_regclass(%s)", (_relation(source),))
    return bool((cursor.fetchone() or (False,))[0])


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

    def _is_odd(self, name: str) -> str:
        column = identifier(name)
        if self.columns[name].startswith("DECIMAL"):
            return f"{column} = 'NaN'"
        return f"({column} < '0001-01-01' or {column} > '9999-12-31 23:59:59.999999'::{self._type(name)})"

    def _value(self, name: str) -> str:
        column = identifier(name)
        if name in self.odd:
            return f"cast(case when not {self._is_odd(name)} then {column} end as {self._type(name)}) as {column}"
        if name in self.money:
            return f"{column}::numeric::text as {column}"
        return f"{column}::text as {column}" if self.columns[name] == "VARCHAR" else column

    def _low(self, cursor: str) -> str:
        """Where to start: the cursor's last high less the look-back."""
        sql_type, back, high = self.columns[cursor], self.source.look_back, literal(self.high)
        if sql_type == "DATE":
            return f"{high}::date - {math.ceil(back)}"
        if sql_type in _TIMED:
            return f"{high}::{self._type(cursor)} - make_interval(secs => {back * 86_400})"
        if sql_type in ("SMALLINT", "INTEGER", "BIGINT"):
            return f"greatest({high}::numeric - {math.ceil(back)}, {-(2**63)})::bigint"
        return f"{high}::{self._type(cursor)} - {back}::{self._type(cursor)}"

    def _rows(self) -> str:
        """The rows of this pull, as the server has them. Rows that no cursor dates are read every time."""
        base = f"select {', '.join(map(identifier, self.columns))} from {_relation(self.source)}"
        if self.high is None or not self.source.cursor:
            return base
        cursor = identifier(self.source.cursor)
        undated = f" or {cursor} = '-infinity'" if self.columns[self.source.cursor] in _TIMED else ""
        return f"select * from ({base}) as rows where {cursor} >= {self._low(self.source.cursor)} or {cursor} is null{undated}"

    def rows(self, limit: int | None = None) -> str:
        """The select that is copied: every column in its exact type; where some are odd, what is wrong with a row, and the row itself."""
        values = [*map(self._value, self.columns)]
        if self.odd:
            said = [
                f"case when {self._is_odd(name)} then {literal(f'{name} is ')} || {identifier(name)}::text end"
                for name in sorted(self.odd)
                if name.lower() in self.source.read_columns()
            ]
            malformed = f"nullif(concat_ws('; ', {', '.join(said)}), '')" if said else "null::text"
            line = f"case when {' or '.join(map(self._is_odd, sorted(self.odd)))} then row_to_json(rows)::text end"
            values += [f"{malformed} as __malformed", f"{line} as __line"]
        bound = "" if limit is None else f" limit {limit}"
        return f"select {', '.join(values)} from ({self._rows()}) as rows{bound}"

    def totals(self, measures: list[Measure]) -> str:
        """The select of the control totals, each as text; then the lowest and the highest cursor, and how many rows have none."""
        figures = ", ".join(f"{_figure(measure)}::text as m{number}" for number, measure in enumerate(measures))
        # the values as they are copied; the cursor beside them as it is
        values = ", ".join(
            [*map(self._value, self.columns), f"{identifier(self.source.cursor)} as __cursor" if self.source.cursor else "null as __cursor"]
        )
        return f"select {figures}, {self._marks()} from (select {values} from ({self._rows()}) as rows) as read"

    def _marks(self) -> str:
        """The span of the cursor. The high never lies in the future, where a clock that was wrong once would hide all that follows; and it never falls."""
        if not self.source.cursor:
            return "null::text as low, null::text as high, '0' as undated"
        name, known = self.source.cursor, "true"
        sql_type = self.columns[name]
        if sql_type in _TIMED:
            present = "now()" if sql_type.endswith("ZONE") else f"(now() at time zone {literal(self.zone)})::{self._type(name)}"
            known = f"__cursor <= {present} and __cursor > '-infinity'"
        elif sql_type in ("DOUBLE", "FLOAT"):
            known = "__cursor < 'Infinity' and __cursor > '-Infinity'"
        elif sql_type.startswith("DECIMAL"):
            known = "__cursor <> 'NaN'"
        high = f"max(__cursor) filter (where {known})"
        if self.high is not None:
            high = f"greatest({high}, {literal(self.high)}::{self._type(name)})"
        return f"(min(__cursor) filter (where {known}))::text as low, ({high})::text as high, (count(*) filter (where __cursor is null))::text as undated"

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


def _figure(measure: Measure) -> str:
    column = identifier(measure.column)
    return {
        "rows": "count(*)",
        "filled": f"count({column})",
        "sum": f"sum({column})",
        "lowest": f"min({column})",
        "highest": f"max({column})",
        "bytes": f"sum(octet_length({column}))",
        "true": f"(count(*) filter (where {column}))",
    }[measure.kind]
