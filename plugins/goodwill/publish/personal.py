"""What a publication shows of people: keys under a keyed hash, no personal column; those stand in a file of their own, where they are wanted.

In every text column of the default publication a value that holds an e-mail address is hashed too, whatever the column is called. What somebody
wrote of a person (the reason of a refund) is shown only where it says the same of several people: then it is a code, and tells of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from goodwill.privacy.columns import free_texts, is_key, is_personal
from goodwill.privacy.hashing import HashKeys
from goodwill.sql import identifier, literal

__all__ = ["FOLDER", "SHARED_BY", "make_person_keys", "personal_columns", "public_select", "write_personal_database"]

#: The folder of the file with the personal columns, within a publication.
FOLDER = "personal"

#: People of whom a free text must say the same to be shown in the default publication.
SHARED_BY = 5

#: In `temp`: every id of a person or a contact that the marts hold, and what stands for it outside.
_PERSON_KEYS = "temp.main.person_keys"

_ADDRESS = r"[^\s@]+@[^\s@]+\.[^\s@]"


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    described = connection.execute(f"describe warehouse.{identifier(schema)}.{identifier(table)}").fetchall()
    return {column: sql_type for column, sql_type, *_ in described}


def _hashed(value: str) -> str:
    return f"concat('p_', {HashKeys.sql(value, 'warehouse.control.keys')})"


def make_person_keys(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Hash every id of a person or a contact once: joining costs a sixth of hashing row by row."""
    ids = [
        f"select {identifier(column)} as source_id from warehouse.marts.{identifier(table)}"
        for table in tables
        for column in _columns(connection, "marts", table)
        if is_key(column)
    ]
    connection.execute("create temp table person_keys (source_id varchar, person_key varchar)")
    if ids:
        connection.execute(
            f"insert into {_PERSON_KEYS} select source_id, {_hashed('source_id')} from ({' union '.join(ids)}) where source_id is not null"
        )


def personal_columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a mart that the default publication does without."""
    return [column for column in _columns(connection, "marts", table) if is_personal(column)]


def public_select(connection: duckdb.DuckDBPyConnection, schema: str, table: str, *, with_personal: bool = False) -> str:
    """The select of what is published of a table of the attached `warehouse`; only marts have anything to hide."""
    columns = _columns(connection, schema, table)
    source = f"warehouse.{identifier(schema)}.{identifier(table)}"
    if schema != "marts":
        return f"select * from {source}"
    shown, joins, written = [], [], free_texts(columns)
    for column, sql_type in columns.items():
        name, value = identifier(column), f"t.{identifier(column)}"
        if is_key(column):
            alias = identifier(f"keys of {column}")
            joins.append(f"left join {_PERSON_KEYS} as {alias} on {value} = {alias}.source_id")
            shown.append(f"{alias}.person_key as {name}")
        elif is_personal(column):
            shown += [value] if with_personal else []
        elif column in written and not with_personal:
            shown.append(f"case when {value} in {_shared(source, name, 'person_id' in columns)} then {value} end as {name}")
        elif sql_type == "VARCHAR" and not with_personal:
            held = f"contains({value}, '@') and regexp_matches({value}, {literal(_ADDRESS)})"
            shown.append(f"case when {held} then {_hashed(value)} else {value} end as {name}")
        else:
            shown.append(value)
    return f"select {', '.join(shown)} from {source} as t {' '.join(joins)}"


def _shared(source: str, name: str, names_people: bool) -> str:
    """The texts of a column that are about so many people that they tell of none."""
    people = "count(distinct person_id)" if names_people else "0"
    return f"(select {name} from {source} where {name} is not null group by {name} having {people} >= {SHARED_BY})"


def write_personal_database(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], target: Path) -> list[str]:
    """Write the marts that have personal columns or free texts, whole, and the table that leads from keys to the sources' ids; returns what was written."""
    target.parent.mkdir()
    connection.execute(f"attach {literal(str(target))} as personal (storage_version 'v1.0.0')")
    connection.execute("create schema personal.marts")
    connection.execute(
        f"create table personal.marts.person_keys as select person_key as person_id, source_id from {_PERSON_KEYS} order by source_id"
    )
    written = [table for table in tables if personal_columns(connection, table) or free_texts(_columns(connection, "marts", table))]
    for table in written:
        connection.execute(
            f"create table personal.marts.{identifier(table)} as {public_select(connection, 'marts', table, with_personal=True)}"
        )
    connection.execute("checkpoint personal")
    connection.execute("detach personal")
    return ["person_keys", *written]
