"""Drift as tables of a publication: `audit.drift` has a row a quantity, `audit.drift_shares` one a class of it."""

from __future__ import annotations

import duckdb

from goodwill.drift.finding import Drift

__all__ = ["record"]

_COLUMNS = ("source", "entity", "measure", "kind", "verdict", "value", "limit", "rows_now", "rows_before", "nights_before")


def record(connection: duckdb.DuckDBPyConnection, run_id: str, drift: Drift | None) -> None:
    """Write both tables into the night's warehouse, in place of those of the night before."""
    connection.execute(
        "create or replace table audit.drift (run_id varchar, source varchar, entity varchar, measure varchar, kind varchar, verdict varchar, "
        "value double, limit_value double, rows_now bigint, rows_before bigint, nights_before bigint)"
    )
    connection.execute(
        "create or replace table audit.drift_shares (run_id varchar, source varchar, entity varchar, measure varchar, position bigint, "
        "class varchar, rows_now bigint, rows_before bigint)"
    )
    findings = drift.findings if drift else ()
    rows = [(run_id, *(getattr(each, column) for column in _COLUMNS)) for each in findings]
    shares = [
        (run_id, each.source, each.entity, each.measure, position, share.label, share.rows_now, share.rows_before)
        for each in findings
        for position, share in enumerate(each.shares)
    ]
    for table, values in (("audit.drift", rows), ("audit.drift_shares", shares)):
        if values:
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(values[0]))})", values)
