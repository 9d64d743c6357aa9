"""The warehouse file as Great Expectations may read it: through views, and really let go of afterwards.

Great Expectations opens connections of its own, keeps them in pools and never closes them. Opened on the warehouse file they
would block the next writer of the same process. So they are opened on an in-memory database that has the file attached
read-only, each connection is noted as it is opened, and all of them are closed at the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.errors import GoodwillError

__all__ = ["Reading", "reading"]

#: The catalog name that views inside the file were made under.
_CATALOG = "warehouse"


@dataclass(frozen=True)
class Reading:
    """An open reading: `connection_string` and `engine_kwargs` are for Great Expectations, `query` is for us."""

    connection_string: str
    engine_kwargs: dict[str, Any]
    connection: Any

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(sql, parameters or []).fetchall()
        return rows

    def has(self, table: str) -> bool:
        schema, name = table.split(".")
        return bool(
            self.query(
                "select 1 from information_schema.tables where table_catalog = ? and table_schema = ? and table_name = ?",
                [_CATALOG, schema, name],
            )
        )

    def hold(self, table: str, words: Collection[str]) -> None:
        """Keep the columns of `table` that are among `words` in memory, in place of the view.

        For views over landed files: they type every value again each time they are asked, so they are asked once.
        """
        schema, name = (_quoted(part) for part in table.split("."))
        columns = self.connection.execute(f"describe {_CATALOG}.{schema}.{name}").fetchall()
        kept = ", ".join(_quoted(column[0]) for column in columns if column[0] in words) or "1 as held"
        self.connection.execute(f"drop view {schema}.{name}")
        self.connection.execute(f"create table {schema}.{name} as select {kept} from {_CATALOG}.{schema}.{name}")


@contextmanager
def reading(warehouse: Path, words: Collection[str]) -> Iterator[Reading]:
    """Open `warehouse` for reading under an in-memory database with a view for each of its tables and views named among `words`.

    Raises
    ------
    GoodwillError : there is no such file.
    """
    import sqlalchemy

    if not warehouse.is_file():
        raise GoodwillError(f"{warehouse}: no warehouse to validate", "run the stages before this one first")
    opened: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        opened.append(connection)

    url = f"duckdb:///:memory:quality_{uuid.uuid4().hex}"
    # Without autocommit a returned connection is rolled back, and results that are read late are lost.
    kwargs = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "pool_events": [(note, "connect")]}
    engine = sqlalchemy.create_engine(url, **kwargs)
    lease = engine.raw_connection()
    try:
        connection: Any = lease.driver_connection
        _attach(connection, warehouse, words)
        yield Reading(url, kwargs, connection)
    finally:
        lease.close()
        for each in opened:
            each.close()
        engine.dispose()


def _attach(connection: Any, warehouse: Path, words: Collection[str]) -> None:
    """Attach the file and give the in-memory database the same schemas, so that `marts.x` means the same in both.

    Only what is named gets its view: to make one over landed files, each of them is opened.
    """
    path = str(warehouse).replace("'", "''")
    connection.execute(f"attach '{path}' as {_CATALOG} (read_only)")
    connection.execute("set timezone = 'UTC'")
    tables = connection.execute(
        f"""select schema_name, table_name from duckdb_tables() where database_name = '{_CATALOG}' and not internal
            union all
            select schema_name, view_name from duckdb_views() where database_name = '{_CATALOG}' and not internal
            order by all"""
    ).fetchall()
    for schema in dict.fromkeys(schema for schema, _ in tables):
        connection.execute(f"create schema if not exists {_quoted(schema)}")
    for schema, name in tables:
        if name not in words:
            continue
        connection.execute(f"create view {_quoted(schema)}.{_quoted(name)} as from {_CATALOG}.{_quoted(schema)}.{_quoted(name)}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
