"""From a figure back to its rows: run, code, batches, files, and the very lines of the files that stand behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from goodwill.audit.behind import Behind, find_behind
from goodwill.audit.lineage import Made, ancestors, read_lineage
from goodwill.entities import ENTITIES
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.privacy.columns import is_key
from goodwill.privacy.hashing import HashKeys, hash_keys
from goodwill.sql import identifier, literals

__all__ = ["Trace", "trace"]


@dataclass
class Trace:
    """Where a mart comes from; `behind` only where a key was given and the warehouse of the run is still there."""

    mart: str
    release: dict[str, Any]
    made: list[Made]
    entities: list[str]
    #: source, batch, file, SHA-256 of the file, rows, when it was extracted.
    batches: list[tuple[Any, ...]]
    found: int = 0
    behind: Behind | None = None
    said: str = ""


def trace(home: Home, publication: Path, mart: str, keys: Iterable[str] = (), limit: int | None = None) -> Trace:
    """Explain a mart of a publication, or with keys one row of it (or those that a part of the key leaves).

    Parameters
    ----------
    keys : values of its primary key in the order of its columns, or `column=value`.
    limit : how many landed rows to list; all are counted.

    Raises
    ------
    GoodwillError : there is no such mart, no such column, or no such row.
    """
    lineage = read_lineage(publication)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literals([str(publication / 'goodwill.duckdb')])} as published (read_only)")
        connection.execute("use published")
        columns = _columns(connection, "published.marts", mart)
        release = _dicts(connection, "select * from published.audit.release")[0]
        made = ancestors(lineage, mart)
        entities = sorted(each.name.removeprefix("landed.") for each in made if each.schema == "landed")
        sources = "select distinct source from published.audit.reconciliation" + (
            f" where entity in ({literals(entities) or 'null'})" if made else ""
        )
        batches = connection.execute(
            f"select source, batch_id, file, file_sha256, rows, extracted_at from published.audit.batches where source in ({sources}) "
            "order by source, batch_no"
        ).fetchall()
        result = Trace(mart, release, made, entities, batches)
        wanted = _condition(mart, columns, lineage.get(mart), list(keys))
        if wanted:
            _rows(home, connection, result, columns, wanted, limit)
    return result


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    database, _, name = schema.partition(".")
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [database, name, table],
    ).fetchall()
    if not found:
        known = connection.execute(
            "select string_agg(table_name, ', ' order by table_name) from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()[0][0]
        raise GoodwillError(f"this publication has no mart {table!r}", f"it has: {known}")
    return [column for (column,) in found]


def _dicts(connection: duckdb.DuckDBPyConnection, query: str, values: Iterable[Any] = ()) -> list[dict[str, Any]]:
    cursor = connection.execute(query, list(values))
    names = [name for name, *_ in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _condition(mart: str, columns: list[str], made: Made | None, keys: list[str]) -> dict[str, str]:
    """Column → value, of the row that is asked for."""
    plain = [key for key in keys if key.partition("=")[0] not in columns or "=" not in key]
    named = dict(key.partition("=")[::2] for key in keys if key not in plain)
    free = [name for name in (made.key if made and made.key else columns) if name not in named]
    if len(plain) > len(free):
        raise GoodwillError(
            f"{mart} has no column for {plain[len(free)]!r}", f"its key is {', '.join(free) or 'given'}; or name a column: column=value"
        )
    return named | dict(zip(free, plain, strict=False))


def _rows(
    home: Home, connection: duckdb.DuckDBPyConnection, result: Trace, columns: list[str], wanted: dict[str, str], limit: int | None
) -> None:
    """The rows of the sources behind one row (or a few) of a mart."""
    said = ", ".join(f"{name} = {value}" for name, value in wanted.items())
    holds = _warehouse(home, connection)
    if holds == result.release["run_id"]:
        result.found = _find(connection, "warehouse", result.mart, wanted, in_clear=True)
    else:
        keys = hash_keys(home)
        published = {name: f"p_{keys.hash(value)}" for name, value in wanted.items() if is_key(name) and not value.startswith("p_")}
        result.found = _find(connection, "published", result.mart, wanted | published, in_clear=False)
    if not result.found:
        raise GoodwillError(
            f"{result.mart} has no row with {said}",
            "ids are written as they are in the mart, a person's also as its source writes it; another column than of its key: column=value",
        )
    if holds == result.release["run_id"]:
        result.behind = find_behind(connection, result.mart, result.entities if result.made else ENTITIES, result.release, limit)
    else:
        result.said = (
            f"rows can be traced in the warehouse, and that is {f'of run {holds}' if holds else 'gone'} by now: "
            f"make this run again (goodwill audit rebuild {result.release['run_id']} --into DIR) and ask there"
        )


def _warehouse(home: Home, connection: duckdb.DuckDBPyConnection) -> str | None:
    """Attach the accepted warehouse; the run that made it, or `None` if there is none."""
    if not home.accepted.exists():
        return None
    connection.execute(f"attach {literals([str(home.accepted)])} as warehouse (read_only)")
    return str(connection.execute("select run_id from warehouse.control.night").fetchall()[0][0])


def _find(connection: duckdb.DuckDBPyConnection, database: str, mart: str, wanted: dict[str, str], in_clear: bool) -> int:
    """Put rows of a mart into the temporary table `found`, and count them. A person is found by the id of any of their contacts too.

    Where ids stand `in_clear`, as sources write them, the key that is published of one finds a person as well.
    """
    conditions, values = [], []
    for name, value in wanted.items():
        column = f"cast({identifier(name)} as varchar)"
        conditions.append(f"{column} = ?")
        values.append(value)
        if not is_key(name):
            continue
        if in_clear:
            conditions[-1] += f" or concat('p_', {HashKeys.sql(column, f'{database}.control.keys')}) = ?"
            values.append(value)
        if name.endswith("person_id") and mart != "person_contacts":
            conditions[-1] += f" or {column} in (select person_id from {database}.marts.person_contacts where contact_id = ?)"
            values.append(value)
    table = f"{database}.marts.{identifier(mart)}"
    together = " and ".join(f"({condition})" for condition in conditions)
    connection.execute(f"create temp table found as select * from {table} where {together}", values)
    return int(connection.execute("select count(*) from found").fetchall()[0][0])
