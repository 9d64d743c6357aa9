"""The ledger and the audit tables as CSV, for whoever reviews them with other tools; no cell is a formula in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from goodwill.audit.ledger import read_entries
from goodwill.errors import GoodwillError
from goodwill.extract.inert import inert
from goodwill.home import Home
from goodwill.sql import identifier, literal

__all__ = ["export"]

_LEDGER = ("seq", "at", "kind", "who", "code", "facts", "previous", "key", "hash")


def export(home: Home, publication: Path, folder: Path) -> Iterator[tuple[Path, int]]:
    """Write `ledger.csv` and one file for each audit table of a publication; gives each file and its rows.

    Raises
    ------
    GoodwillError : the folder is there already and not empty, or there is no such publication.
    """
    database = publication / "goodwill.duckdb"
    if not database.exists():
        raise GoodwillError(f"there is no publication in {publication}", "goodwill status shows what is kept")
    if folder.exists() and any(folder.iterdir()):
        raise GoodwillError(f"{folder} is not empty", "name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    yield _ledger(home, folder / "ledger.csv")
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(database))} as published (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'audit' order by table_name"
        ).fetchall()
        for (table,) in tables:
            yield _table(connection, table, folder / f"{table}.csv")


def _ledger(home: Home, target: Path) -> tuple[Path, int]:
    entries = read_entries(home)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_LEDGER)
        for entry in entries:
            facts = json.dumps(entry.facts, ensure_ascii=False, sort_keys=True)
            writer.writerow([inert(facts if name == "facts" else str(getattr(entry, name))) for name in _LEDGER])
    return target, len(entries)


def _table(connection: duckdb.DuckDBPyConnection, table: str, target: Path) -> tuple[Path, int]:
    name = f"published.audit.{identifier(table)}"
    cursor = connection.execute(f"select * from {name} order by all")
    columns = [column for column, *_ in cursor.description or ()]
    rows = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        while some := cursor.fetchmany(10_000):
            writer.writerows([inert(value) if isinstance(value, str) else value for value in row] for row in some)
            rows += len(some)
    return target, rows
