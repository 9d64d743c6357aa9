"""Build a publication: one read-only DuckDB file, one Parquet file a mart, the report and the documents, and a manifest over them all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb

from goodwill.clock import now
from goodwill.files import digest, sync
from goodwill.home import Home
from goodwill.sql import identifier, literal

__all__ = ["build_publication"]

DATABASE = "goodwill.duckdb"


def _comment(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Carry the columns' descriptions over: a BI user reads them where the data are."""
    rows = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'warehouse' and schema_name = ? and table_name = ? and comment is not null",
        [schema, table],
    ).fetchall()
    for column, comment in rows:
        connection.execute(f"comment on column published.{schema}.{identifier(table)}.{identifier(column)} is {literal(comment)}")
    described = connection.execute(
        "select comment from duckdb_tables() where database_name = 'warehouse' and schema_name = ? and table_name = ? and comment is not null",
        [schema, table],
    ).fetchone()
    if described:
        connection.execute(f"comment on table published.{schema}.{identifier(table)} is {literal(described[0])}")


def _write_database(warehouse: Path, folder: Path, release: dict[str, Any]) -> dict[str, int]:
    """Copy `marts` and `audit` into a fresh file that old clients can open; returns rows by table."""
    target = folder / DATABASE
    rows: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(warehouse))} as warehouse (read_only)")
        connection.execute(f"attach {literal(str(target))} as published (storage_version 'v1.0.0')")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' "
            "and schema_name in ('marts', 'audit') order by schema_name desc, table_name"
        ).fetchall()
        (folder / "marts").mkdir()
        for schema in ("marts", "audit"):
            connection.execute(f"create schema published.{schema}")
        for schema, table in tables:
            name = f"{schema}.{identifier(table)}"
            connection.execute(f"create table published.{name} as from warehouse.{name}")
            _comment(connection, schema, table)
            if schema == "marts":
                parquet = literal(str(folder / "marts" / f"{table}.parquet"))
                connection.execute(f"copy (from warehouse.{name}) to {parquet} (format parquet, compression zstd)")
            rows[f"{schema}.{table}"] = (connection.execute(f"select count(*) from published.{name}").fetchone() or (0,))[0]
        connection.execute(
            "create table published.audit.release (run_id varchar, as_of date, published_at timestamp, code_version varchar, configuration_sha256 varchar)"
        )
        connection.execute(
            "insert into published.audit.release values (?, ?, ?, ?, ?)",
            [release[key] for key in ("run_id", "as_of", "published_at", "code_version", "configuration_sha256")],
        )
        connection.execute("checkpoint published")
        connection.execute("detach published")
    return rows


def build_publication(home: Home, run_id: str, facts: dict[str, Any], documents: dict[str, Path]) -> Path:
    """Build the publication of a run in a folder of its own; nothing points to it yet.

    Parameters
    ----------
    facts : what the manifest says of the run (as_of, code_version, configuration_sha256 …).
    documents : name in the publication (`report`, `data_docs`, `model_docs`) → folder to copy.

    Returns
    -------
    `published/<run_id>`, whole and on disk.
    """
    target = home.published / run_id
    building = home.published / f".building-{run_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    release = {**facts, "run_id": run_id, "verdict": "published", "published_at": now()}
    rows = _write_database(home.working_copy, building, release)
    for name, folder in documents.items():
        shutil.copytree(folder, building / name)
    files = {
        str(path.relative_to(building)): {"bytes": path.stat().st_size, "sha256": digest(path)}
        for path in sorted(building.rglob("*"))
        if path.is_file()
    }
    (building / "manifest.json").write_text(
        json.dumps({**release, "tables": rows, "files": files}, indent=1, default=str), encoding="utf-8"
    )
    for path in sorted(building.rglob("*")):
        if path.is_file():
            path.chmod(0o444)
            sync(path)
    sync(building)
    os.rename(building, target)
    return target
