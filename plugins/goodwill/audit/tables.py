"""The `audit.*` tables of a publication: every run, its stages, batches, totals, checks, rejections and notices, as rows."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from goodwill.audit.record import RunRecord, read_runs
from goodwill.clock import now
from goodwill.entities import ENTITIES
from goodwill.extract.corrections import corrections
from goodwill.extract.drift import sentence
from goodwill.extract.news import published_batches, published_before
from goodwill.home import Home
from goodwill.sources import Sources
from goodwill.sql import literal, literals

__all__ = ["notices", "write_audit_tables"]

_RUN_COLUMNS = ("run_id", "as_of", "started_at", "finished_at", "verdict", "code_version", "configuration_sha256", "blocked_at", "message")


def notices(home: Home, sources: Sources, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """What a reader of the marts must know and no check says: `(topic, sentence)`."""
    said = [
        ("entity without source", f"No source gives '{name}': what depends on it is empty or NULL.")
        for name in ENTITIES
        if name not in sources.entities_given()
    ]
    complete_from = connection.execute("select calendar_history_complete_from from control.night").fetchone()
    if complete_from and complete_from[0]:
        kept_out = connection.execute("select count(*) from intermediate.int_customer_facts where is_left_censored").fetchone() or (0,)
        said.append(
            (
                "history begins in the middle",
                f"{kept_out[0]:,} customers first seen before the history is complete ({complete_from[0]} plus the warm-up) are customers, "
                "but are in no cohort and never counted as new.",
            )
        )
    assumed = connection.execute("select margin_assumed_rate from control.night").fetchone()
    if assumed and assumed[0] is not None:
        said.append(
            (
                "assumed margin",
                f"Where a cost is unknown the margin is assumed to be {assumed[0]:.0%} of net revenue; such rows are marked.",
            )
        )
    return said


def _drifted(home: Home, run_id: str, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Write `audit.schema_drift`; returns a notice for each new change that its source wants a warning of."""
    seen = literals(published_batches(home.root / "runs", run_id)) or "''"
    connection.execute(
        f"create or replace table audit.schema_drift as select {literal(run_id)} as run_id, *, batch_id not in ({seen}) as is_new from control.drift"
    )
    found = connection.execute(
        "select source, file, kind, column_name, was, now from audit.schema_drift where is_new and policy = 'warn' order by all"
    ).fetchall()
    return [
        ("structure changed", f"{source}: {file}: {sentence({'kind': kind, 'column': column, 'was': was, 'now': now})}.")
        for source, file, kind, column, was, now in found
    ]


def _corrected(home: Home, sources: Sources, run_id: str, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Write `audit.corrections`, every correction by hand and how it stands; returns a notice for each that holds no longer.

    That is told once: by the first publication after one in which it held, or after it was made, if no publication ever had it.
    """
    found = [(source.name, each) for source in sources.sources for each in corrections(home, source)]
    connection.execute(
        "create or replace table audit.corrections (run_id varchar, source varchar, batch_id varchar, file varchar, rows bigint, "
        "made_at timestamp, corrected_by varchar, reason varchar, state varchar, remark varchar)"
    )
    rows = [
        (run_id, name, made.batch_id, made.file, made.rows, made.extracted, made.corrected_by, made.reason, each.state, each.said)
        for name, each in found
        for made in (each.manifest,)
    ]
    _insert(connection, "audit.corrections", rows)
    since, held = published_before(home.root / "runs", run_id)
    return [
        ("correction void", f"{name}: {each.fell}.")
        for name, each in found
        if each.fallen and (each.manifest.batch_id in held or str(each.manifest.extracted) > since)
    ]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def write_audit_tables(home: Home, sources: Sources, run_id: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Write `audit.*` into the night's warehouse: this run's figures and the kept record of the runs before."""
    # these tables are only ever read in a publication: there, this run is published
    runs = [{**run, "verdict": "published", "finished_at": now()} if run["run_id"] == run_id else run for run in read_runs(home)]
    this = literal(run_id)
    connection.execute(
        "create or replace table audit.runs (run_id varchar, as_of date, started_at timestamp, finished_at timestamp, verdict varchar, "
        "code_version varchar, configuration_sha256 varchar, blocked_at varchar, message varchar)"
    )
    _insert(connection, "audit.runs", [tuple(run.get(column) for column in _RUN_COLUMNS) for run in runs])
    connection.execute(
        "create or replace table audit.stages (run_id varchar, stage varchar, status varchar, ended_at timestamp, seconds double, "
        "cpu_seconds double, peak_rss_mb bigint, message varchar, detail varchar)"
    )
    _insert(
        connection,
        "audit.stages",
        [
            (
                run["run_id"],
                line["stage"],
                line["status"],
                line["at"],
                line.get("seconds"),
                line.get("detail", {}).get("cpu_seconds"),
                line.get("detail", {}).get("peak_rss_mb"),
                line.get("message"),
                json.dumps(line.get("detail", {}), default=str),
            )
            for run in runs[-400:]
            for line in RunRecord.of(home, run["run_id"]).stages()
            if line["status"] != "started"
        ],
    )
    connection.execute("create or replace table audit.settings as select columns(name -> not starts_with(name, '_')) from control.night")
    connection.execute(f"create or replace table audit.batches as select {this} as run_id, * from control.batches")
    connection.execute(f"create or replace table audit.reconciliation as select {this} as run_id, * from staging.reconciliation")
    connection.execute(
        f"create or replace table audit.quarantine as select {this} as run_id, * exclude (raw_row, value) from staging.quarantine"
    )
    connection.execute(
        f"create or replace table audit.quarantine_counts as select {this} as run_id, entity, source, column_name, reason, count(*) as problems, "
        "count(distinct (batch_id, row_no)) as rows from staging.quarantine group by entity, source, column_name, reason"
    )
    connection.execute("create or replace table audit.notices (run_id varchar, topic varchar, notice varchar)")
    came = [*_drifted(home, run_id, connection), *_corrected(home, sources, run_id, connection)]
    checked = [(line["stage"], text) for line in RunRecord.of(home, run_id).stages() for text in line.get("detail", {}).get("notices", [])]
    _insert(connection, "audit.notices", [(run_id, topic, text) for topic, text in [*notices(home, sources, connection), *came, *checked]])
    files = sorted(str(path) for run in runs for path in (home.run(run["run_id"]) / "validation_results").glob("*.parquet"))
    if files:
        connection.execute(
            f"create or replace table audit.validation_results as select * from read_parquet([{literals(files)}], union_by_name=true)"
        )
