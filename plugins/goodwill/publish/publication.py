"""Build a publication: one read-only DuckDB file, one Parquet file a mart, the report and the documents, and a manifest over them all."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb

from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import digest, sync
from goodwill.home import Home
from goodwill.publish import personal
from goodwill.publish.describing import audit_comments
from goodwill.publish.swap import publications
from goodwill.settings.business import PersonalFile
from goodwill.sql import identifier, literal

__all__ = ["DATABASE", "build_publication", "fingerprint", "fingerprints"]

DATABASE = "goodwill.duckdb"


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Table → its columns' descriptions, and its own under no name: asked for once, since the engine looks through all tables each time."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, comment in connection.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns() where database_name = 'warehouse' and comment is not null "
        "union all select schema_name, table_name, '', comment from duckdb_tables() where database_name = 'warehouse' and comment is not null"
    ).fetchall():
        found.setdefault((schema, table), {})[column] = comment
    return found


def _comment(connection: duckdb.DuckDBPyConnection, schema: str, table: str, comments: dict[str, str]) -> None:
    """Write the descriptions where the data are, for whoever looks at them with a BI tool: the marts' as dbt left them, the others' own."""
    hidden = personal.personal_columns(connection, table) if schema == "marts" else []
    name = f"published.{schema}.{identifier(table)}"
    if schema == "audit":
        comments = audit_comments(table, [column for column, *_ in connection.execute(f"describe {name}").fetchall()])
    connection.begin()  # one write to the disk for all of them
    for column, comment in comments.items():
        if column not in hidden:
            target = f"column {name}.{identifier(column)}" if column else f"table {name}"
            connection.execute(f"comment on {target} is {literal(comment)}")
    connection.commit()


def fingerprint(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
    """A table's content, in any order of its rows, as 32 hexadecimal digits; equal tables are equal under one version of DuckDB."""
    listed = ", ".join(map(identifier, columns))
    rows = connection.execute(f"select count(*), coalesce(sum(cast(hash({listed}) as hugeint)), 0) from {table}").fetchall()[0]
    return f"{(rows[1] ^ (rows[0] << 96)) % (1 << 128):032x}"


def fingerprints(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, str]:
    """Table → fingerprint, of every table of a schema (`database.schema`); how long something took is no content."""
    database, _, name = schema.partition(".")
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = ? order by table_name", [database, name]
    ).fetchall()
    found = {}
    for (table,) in tables:
        full = f"{schema}.{identifier(table)}"
        columns = [column for column, *_ in connection.execute(f"describe {full}").fetchall() if not column.endswith("_seconds")]
        found[table] = fingerprint(connection, full, columns)
    return found


def _own(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Refuse to publish the work of another run, which took the warehouse meanwhile."""
    (made_by,) = connection.execute("select run_id from warehouse.control.night").fetchall()[0]
    if made_by != run_id:
        raise GoodwillError(f"run {run_id} cannot publish: the warehouse is that of run {made_by} by now", "start the night again")


def _write_database(
    warehouse: Path, folder: Path, release: dict[str, Any], *, with_personal: bool
) -> tuple[dict[str, int], dict[str, str]]:
    """Copy `marts` and `audit` into a fresh file that old clients can open, people under keys; returns rows by table, and the marts' fingerprints."""
    target = folder / DATABASE
    rows: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(warehouse))} as warehouse (read_only)")
        _own(connection, release["run_id"])
        connection.execute(f"attach {literal(str(target))} as published (storage_version 'v1.0.0')")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' "
            "and schema_name in ('marts', 'audit') order by schema_name desc, table_name"
        ).fetchall()
        (folder / "marts").mkdir()
        for schema in ("marts", "audit"):
            connection.execute(f"create schema published.{schema}")
        marts = [table for schema, table in tables if schema == "marts"]
        personal.make_person_keys(connection, marts)
        comments = _comments(connection)
        for schema, table in tables:
            name = f"{schema}.{identifier(table)}"
            connection.execute(f"create table published.{name} as {personal.public_select(connection, schema, table)}")
            _comment(connection, schema, table, comments.get((schema, table), {}))
            if schema == "marts":
                parquet = literal(str(folder / "marts" / f"{table}.parquet"))
                connection.execute(f"copy (from published.{name}) to {parquet} (format parquet, compression zstd)")
            rows[f"{schema}.{table}"] = (connection.execute(f"select count(*) from published.{name}").fetchone() or (0,))[0]
        connection.execute(
            "create table published.audit.release (run_id varchar, as_of date, published_at timestamp, code_version varchar, configuration_sha256 varchar)"
        )
        connection.execute(
            "insert into published.audit.release values (?, ?, ?, ?, ?)",
            [release[key] for key in ("run_id", "as_of", "published_at", "code_version", "configuration_sha256")],
        )
        _comment(connection, "audit", "release", {})
        prints = fingerprints(connection, "published.marts")
        if with_personal:
            personal.write_personal_database(connection, marts, folder / personal.FOLDER / DATABASE)
        connection.execute("checkpoint published")
        connection.execute("detach published")
    return rows, prints


def _mode(path: Path, personal_file: PersonalFile) -> int:
    """Nobody writes to a publication; only whom the settings name reads the file with the personal columns."""
    if path.parts[0] != personal.FOLDER:
        return 0o444
    return 0o440 if personal_file == "group" else 0o400


def _moment(home: Home) -> dt.datetime:
    """When a publication is made: never before those that are there, whatever the clock says, as their order decides which are kept."""
    newest = max((dt.datetime.fromisoformat(each.published_at) for each in publications(home)), default=None)
    return max(now(), newest + dt.timedelta(microseconds=1)) if newest else now()


def build_publication(
    home: Home, run_id: str, facts: dict[str, Any], documents: dict[str, Path], personal_file: PersonalFile = "none"
) -> Path:
    """Build the publication of a run in a folder of its own; nothing points to it yet.

    Parameters
    ----------
    facts : what the manifest says of the run (as_of, code_version, configuration_sha256 …).
    documents : name in the publication (`report`, `data_docs`, `model_docs`) → folder to copy.
    personal_file : who may read the second file, the one with the personal columns; with `none` it is not made.

    Returns
    -------
    `published/<run_id>`, whole and on disk. What is published is never built twice: if it is there already, it is left as it is.
    """
    target = home.published / run_id
    if (target / "manifest.json").exists():
        return target
    building = home.published / f".building-{run_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    release = {**facts, "run_id": run_id, "verdict": "published", "published_at": _moment(home)}
    rows, prints = _write_database(home.working_copy, building, release, with_personal=personal_file != "none")
    for name, folder in documents.items():
        shutil.copytree(folder, building / name)
    files = {
        str(path.relative_to(building)): {"bytes": path.stat().st_size, "sha256": digest(path)}
        for path in sorted(building.rglob("*"))
        if path.is_file()
    }
    (building / "manifest.json").write_text(
        json.dumps({**release, "tables": rows, "fingerprints": prints, "files": files}, indent=1, default=str), encoding="utf-8"
    )
    for path in sorted(building.rglob("*")):
        if path.is_file():
            path.chmod(_mode(path.relative_to(building), personal_file))
            sync(path)
    sync(building)
    os.rename(building, target)
    return target
