"""Tables without a person, wherever they lie: the ids changed in every key column, personal columns emptied, words taken out of every text.

What a column holds is told by its name (`goodwill.privacy.columns`); a warehouse, a publication and a Parquet file are read alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from goodwill.extract.forgetting import ERASED
from goodwill.files import sync
from goodwill.forgetting.sought import Sought
from goodwill.privacy.columns import free_texts, is_key, is_personal
from goodwill.sql import identifier, literal

__all__ = ["Traces", "rewrite_database", "rewrite_parquet"]

#: Columns that may hold a whole row, or any value of one.
_ANYTHING = frozenset({"raw_row", "_raw", "value", "_problems"})


@dataclass(frozen=True)
class Traces:
    """What to look for.

    Parameters
    ----------
    ids : id as the tables have it → what stands for it since.
    sought : words.
    rows : (batch, row number) of the landed rows that were somebody's.
    """

    ids: Mapping[str, str] = field(repr=False)
    sought: Sought = field(default=Sought(), repr=False)
    rows: frozenset[tuple[str, int]] = frozenset()


def _prepare(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    connection.execute("create temp table renamed (id varchar primary key, name varchar)")
    connection.execute("insert into renamed select unnest(?), unnest(?)", [list(traces.ids), list(traces.ids.values())])
    connection.execute("create temp table erased_rows (batch_id varchar, row_no bigint)")
    rows = sorted(traces.rows)
    connection.execute("insert into erased_rows select unnest(?), unnest(?)", [[each[0] for each in rows], [each[1] for each in rows]])


def _select(columns: Mapping[str, str], relation: str, traces: Traces) -> tuple[str, str] | None:
    """The select of a relation without the person, and the test of a row that tells of them; `None` if no column could."""
    keys = [name for name, sql_type in columns.items() if is_key(name) and sql_type == "VARCHAR"]
    joins = [
        f"left join temp.main.renamed as {identifier(f'new {name}')} on t.{identifier(name)} = {identifier(f'new {name}')}.id"
        for name in keys
    ]
    named = [f"{identifier(f'new {name}')}.id is not null" for name in keys]
    for batch, row in (("batch_id", "row_no"), ("_batch_id", "_row_no")):
        if batch in columns and row in columns:
            joins.append(f"left join temp.main.erased_rows as e on t.{batch} = e.batch_id and t.{row} = e.row_no")
            named.append("e.row_no is not null")
    owned = f"({' or '.join(named)})" if named else "false"
    written = free_texts(columns)
    shown, tests = [], [owned] if named else []
    for name, sql_type in columns.items():
        cell = f"t.{identifier(name)}"
        text = cell if sql_type == "VARCHAR" else f"cast({cell} as varchar)"
        held = f"coalesce(regexp_matches({text}, {literal(traces.sought.pattern)}), false)" if traces.sought.pattern else "false"
        if name in keys:
            shown.append(f"coalesce({identifier(f'new {name}')}.name, {cell})")
        elif is_personal(name) or name in written or name in _ANYTHING or sql_type.endswith("]") or sql_type.startswith("STRUCT"):
            looked_at = held if sql_type == "VARCHAR" or name in _ANYTHING or sql_type.endswith("]") else "false"
            shown.append(f"case when {owned} or {looked_at} then null else {cell} end")
            tests.append(looked_at)
        elif sql_type == "VARCHAR" and traces.sought.pattern:
            shown.append(f"regexp_replace({cell}, {literal(traces.sought.pattern)}, {literal(ERASED)}, 'g')")
            tests.append(held)
        else:
            shown.append(cell)
    tests = [test for test in tests if test != "false"]
    if not tests:
        return None
    listed = ", ".join(f"{value} as {identifier(name)}" for value, name in zip(shown, columns, strict=True))
    source = f"{relation} as t {' '.join(joins)}"
    return f"select {listed} from {source}", f"select 1 from {source} where {' or '.join(tests)} limit 1"


@contextmanager
def _for_the_owner() -> Iterator[None]:
    """What is written meanwhile is for the owner alone: it holds others until it has the rights of the file whose place it takes."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)


@_for_the_owner()
def rewrite_database(path: Path, traces: Traces, changing: Callable[[Path], None]) -> bool:
    """Make a DuckDB file anew without the person; the bytes of the old one are gone. Returns whether there was anything to do."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(path))} as before (read_only)")
        _prepare(connection, traces)
        columns: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, column, sql_type in connection.execute(
            "select c.schema_name, c.table_name, c.column_name, c.data_type from duckdb_columns() as c "
            "inner join duckdb_tables() as t using (database_oid, table_oid) where c.database_name = 'before' order by c.table_oid, c.column_index"
        ).fetchall():
            columns.setdefault((schema, table), {})[column] = sql_type
        selects, touched = {}, False
        for (schema, table), types in columns.items():
            name = f"{identifier(schema)}.{identifier(table)}"
            made = _select(types, f"before.{name}", traces)
            hit = made is not None and connection.execute(made[1]).fetchone() is not None
            touched = touched or hit
            selects[name] = made[0] if made and hit else f"select * from before.{name}"
        if not touched:
            return False
        # under the name it has: views remember it
        after = identifier(path.stem)
        connection.execute(f"attach {literal(str(beside))} as {after} (storage_version 'v1.0.0')")
        connection.execute(f"copy from database before to {after} (schema)")
        keyed = {
            f"{identifier(schema)}.{identifier(table)}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_constraints() where database_name = 'before' and constraint_type in ('PRIMARY KEY', 'UNIQUE')"
            ).fetchall()
        }
        for name, select in selects.items():
            # two addresses that were ids of contacts of one person are one now
            connection.execute(f"insert {'or ignore ' if name in keyed else ''}into {after}.{name} {select}")
        connection.execute(f"checkpoint {after}")
        connection.execute(f"detach {after}")
    changing(path)
    _put(beside, path)
    return True


@_for_the_owner()
def rewrite_parquet(path: Path, traces: Traces, changing: Callable[[Path], None]) -> bool:
    """Make a Parquet file anew without the person. Returns whether there was anything to do."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    relation = f"read_parquet({literal(str(path))})"
    with duckdb.connect() as connection:
        _prepare(connection, traces)
        types = {row[0]: row[1] for row in connection.execute(f"describe select * from {relation}").fetchall()}
        made = _select(types, relation, traces)
        if made is None or connection.execute(made[1]).fetchone() is None:
            return False
        connection.execute(f"copy ({made[0]}) to {literal(str(beside))} (format parquet, compression zstd)")
    changing(path)
    _put(beside, path)
    return True


def _put(beside: Path, path: Path) -> None:
    beside.chmod(path.stat().st_mode & 0o777)
    sync(beside)
    os.replace(beside, path)
