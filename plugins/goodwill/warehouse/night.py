"""The night's own facts, and the warehouse file it works on."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from decimal import Decimal
from typing import Any

import duckdb

from goodwill.clock import now
from goodwill.entities import ENTITIES
from goodwill.extract.batches import active_batches
from goodwill.extract.landed import landed_view
from goodwill.extract.volume import Calendar
from goodwill.extract.zones import offsets
from goodwill.faults import fault
from goodwill.home import Home
from goodwill.privacy.hashing import KEYS_TABLE, hash_keys
from goodwill.settings.business import flat_settings
from goodwill.sql import identifier
from goodwill.warehouse.basis import write_state
from goodwill.warehouse.connection import open_warehouse
from goodwill.warehouse.plan import Night, Plan, plan_night

__all__ = ["prepare_warehouse", "promote"]


def _sql_type(value: Any, key: str) -> str:
    if key.endswith("_from") or isinstance(value, dt.date):
        return "date"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint"
    if isinstance(value, float) or (value is None and key.endswith("_rate")):
        return "double"
    return "varchar"


def _write_night(connection: duckdb.DuckDBPyConnection, night: Night, as_of: dt.date) -> None:
    values: dict[str, tuple[str, Any]] = {"run_id": ("varchar", night.run_id), "as_of": ("date", as_of), "started_at": ("timestamp", now())}
    values |= {key: (_sql_type(value, key), value) for key, value in flat_settings(night.business).items()}
    least, most = offsets(night.business.company.business_time_zone)  # no settings, but what makes a date of a moment fast
    values |= {"_zone_least_micros": ("bigint", least * 1_000_000), "_zone_most_micros": ("bigint", most * 1_000_000)}
    columns = ", ".join(f"{key} {sql_type}" for key, (sql_type, _) in values.items())
    connection.execute(f"create table control.night ({columns})")
    connection.execute(f"insert into control.night values ({', '.join('?' * len(values))})", [value for _, value in values.values()])


def _write_keys(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """The keys that models hash people's identifiers with: in the warehouse, where the identifiers are too, and nowhere else."""
    keys = hash_keys(home)
    connection.execute(f"create table {KEYS_TABLE} (inner_key varchar, outer_key varchar)")
    connection.execute(f"insert into {KEYS_TABLE} values (?, ?)", [keys.inner, keys.outer])


_TABLES = {
    "sources": "source varchar, entity varchar, system varchar, connector varchar, quarantine_share double",
    "batches": "source varchar, batch_id varchar, batch_no bigint, file varchar, file_sha256 varchar, file_bytes bigint, rows bigint, "
    "malformed_rows bigint, extracted_at timestamp, supersedes varchar, corrected_by varchar, reason varchar, is_new boolean",
    "source_totals": "entity varchar, source varchar, batch_id varchar, file varchar, source_rows bigint, source_amount decimal(38,2), "
    "unparsable_amounts bigint",
    "notes": "source varchar, batch_id varchar, entity varchar, column_name varchar, code varchar, rows bigint",
    "drift": "source varchar, batch_id varchar, file varchar, kind varchar, column_name varchar, was varchar, now varchar, policy varchar",
    "warnings": "source varchar, batch_id varchar, file varchar, code varchar, message varchar",
    "corrections": "source varchar, batch_id varchar, row_no bigint, corrected_by varchar",
}


def _source_rows(night: Night, plan: Plan) -> dict[str, list[tuple[Any, ...]]]:
    """What the control tables hold of the sources and of the batches this night reads."""
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
    for source in night.sources.sources:
        name = source.name
        share = night.business.quality.quarantine_share if source.quarantine_share is None else source.quarantine_share
        rows["sources"] += [(name, entity, source.system, source.connector, share) for entity in source.entities]
        batches = active_batches(night.home, source)
        calendar = Calendar(source, [batch for batch in batches if not batch.corrects], night.business.company.business_time_zone)
        rows["warnings"] += [(name, None, None, *said.split(": ", 1)) for said in (*calendar.gaps(), *calendar.silence(plan.as_of))]
        healed: set[str] = set()
        for number, batch in enumerate(batches, 1):
            batch_id, file = batch.batch_id, batch.file
            facts = (file, batch.file_sha256, batch.file_bytes, batch.rows, batch.malformed_rows, batch.extracted)
            said = (batch.supersedes, batch.corrected_by, batch.reason)
            rows["batches"].append((name, batch_id, number, *facts, *said, batch_id in plan.new_batches))
            for entity, totals in batch.totals.items():
                amount = Decimal(0) if totals.amount is None and ENTITIES[entity].amount else totals.amount
                rows["source_totals"].append((entity, name, batch_id, file, totals.rows, amount, totals.unparsable_amounts))
                rows["notes"] += [(name, batch_id, entity, *note.rsplit(":", 1), count) for note, count in totals.notes.items()]
            rows["drift"] += [
                (name, batch_id, file, each["kind"], each["column"], each["was"], each["now"], source.drift) for each in batch.drift
            ]
            rows["warnings"] += [(name, batch_id, file, *said.split(": ", 1)) for said in batch.warnings if said not in healed]
            healed.update(said for said in batch.warnings if said.startswith("HEALED_HEADER"))  # said of the first file of many alike
            rows["corrections"] += [(name, corrected, row_no, batch.corrected_by) for corrected, row_no in batch.corrects]
    return rows


def _write_sources(connection: duckdb.DuckDBPyConnection, night: Night, plan: Plan) -> None:
    rows = _source_rows(night, plan)
    for table, columns in _TABLES.items():
        connection.execute(f"create table control.{table} ({columns})")
        if rows[table]:
            connection.executemany(f"insert into control.{table} values ({', '.join('?' * len(rows[table][0]))})", rows[table])


def _lay_out(home: Home, plan: Plan) -> None:
    """The working file, as a copy of the accepted one or not there yet, and beside it what the night can compare with: that one, or nothing."""
    path = home.working_copy
    shutil.rmtree(path.parent, ignore_errors=True)  # what a killed night left behind is thrown away, never repaired
    path.parent.mkdir(parents=True)
    if plan.before:
        shutil.copyfile(home.accepted, path)
        home.basis.symlink_to(home.accepted)
    else:
        duckdb.connect(str(home.basis)).close()


def prepare_warehouse(night: Night, plan: Plan | None = None) -> dt.date:
    """Make the night's working file: the control tables and the `landed.*` views over this night's batch set.

    A night that goes on from the accepted warehouse has, beside them, the rows of the batches that are new: `arrived.*`.

    Returns
    -------
    The day the night stands at, now written in `control.night`.
    """
    plan = plan or plan_night(night)
    _lay_out(night.home, plan)
    zone = night.business.company.business_time_zone
    with open_warehouse(night.home.working_copy) as connection:
        for schema in ("control", "landed", "arrived", "model", "audit"):  # of the night alone
            connection.execute(f"drop schema if exists {schema} cascade")
        for schema in ("control", "landed", "arrived", "staging", "intermediate", "model", "marts", "audit"):
            connection.execute(f"create schema if not exists {schema}")
        for (table,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'touched'").fetchall():
            connection.execute(f"truncate touched.{identifier(table)}")  # what the night before touched
        _write_night(connection, night, plan.as_of)
        _write_keys(connection, night.home)
        _write_sources(connection, night, plan)
        write_state(connection, plan.state)
        connection.execute("create table control.basis (run_id varchar, as_of date)")
        connection.execute("create table control.changed as select unnest(?::varchar[]) as entity", [sorted(plan.changed_entities)])
        if plan.before:
            connection.execute("insert into control.basis values (?, ?)", [plan.before.run_id, plan.before.as_of])
        for entity in ENTITIES.values():
            name, rows = identifier(entity.name), landed_view(night.home, night.sources, entity, zone)
            connection.execute(f"create view landed.{name} as {rows}")
            if plan.before:
                rows = landed_view(night.home, night.sources, entity, zone, plan.new_batches)
                connection.execute(f"create view arrived.{name} as {rows}")
    return plan.as_of


def promote(home: Home) -> None:
    """The working file becomes the accepted one, in one rename each way; the one before is gone."""
    home.basis.unlink(missing_ok=True)
    target = home.accepted.parent
    old = target.with_name("replaced")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
        fault("publish: between the renames")
    os.rename(home.working_copy.parent, target)
    shutil.rmtree(old, ignore_errors=True)
