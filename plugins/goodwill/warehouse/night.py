"""The night's own facts, and the warehouse file it works on."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from goodwill.clock import now, today
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.extract.batches import active_batches
from goodwill.extract.landed import landed_view
from goodwill.extract.volume import Calendar
from goodwill.faults import fault
from goodwill.home import Home
from goodwill.privacy.hashing import KEYS_TABLE, hash_keys
from goodwill.settings import BusinessSettings
from goodwill.settings.business import flat_settings
from goodwill.sources import Sources
from goodwill.sql import identifier
from goodwill.warehouse.connection import open_warehouse

__all__ = ["Night", "choose_as_of", "prepare_warehouse", "promote"]

_EVENTS = ("orders", "refunds", "contact_events", "order_lines")


@dataclass(frozen=True)
class Night:
    """One night: which home, which run, which day it stands at (known once the sources have landed)."""

    home: Home
    run_id: str
    business: BusinessSettings
    sources: Sources
    as_of: dt.date | None = None


def choose_as_of(night: Night, connection: duckdb.DuckDBPyConnection) -> dt.date:
    """The day the night stands at: as asked for, else by the setting: yesterday in the business zone, or the last event day landed.

    Raises
    ------
    ConfigurationError : the last event day is wanted and nothing dated has landed.
    """
    if night.as_of:
        return night.as_of
    zone = night.business.company.business_time_zone
    if night.business.calendar.as_of == "yesterday":
        return today(zone) - dt.timedelta(days=1)
    stamps = [
        totals.last_event
        for source in night.sources.sources
        for batch in active_batches(night.home, source)
        for entity, totals in batch.totals.items()
        if entity in _EVENTS and totals.last_event
    ]
    if not stamps:
        raise ConfigurationError(
            "calendar.as_of is last_event_day, and no dated row has landed", "pass --as-of, or look at the sources with: goodwill check"
        )
    day: dt.date = connection.execute(
        "select cast(timezone(?, timezone('UTC', cast(? as timestamp))) as date)", [zone, max(stamps)]
    ).fetchall()[0][0]
    return day


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
    "malformed_rows bigint, extracted_at timestamp, supersedes varchar, corrected_by varchar, reason varchar",
    "source_totals": "entity varchar, source varchar, batch_id varchar, file varchar, source_rows bigint, source_amount decimal(38,2), "
    "unparsable_amounts bigint",
    "notes": "source varchar, batch_id varchar, entity varchar, column_name varchar, code varchar, rows bigint",
    "drift": "source varchar, batch_id varchar, file varchar, kind varchar, column_name varchar, was varchar, now varchar, policy varchar",
    "warnings": "source varchar, batch_id varchar, file varchar, code varchar, message varchar",
    "corrections": "source varchar, batch_id varchar, row_no bigint, corrected_by varchar",
}


def _source_rows(night: Night, as_of: dt.date) -> dict[str, list[tuple[Any, ...]]]:
    """What the control tables hold of the sources and of the batches this night reads."""
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
    for source in night.sources.sources:
        name = source.name
        share = night.business.quality.quarantine_share if source.quarantine_share is None else source.quarantine_share
        rows["sources"] += [(name, entity, source.system, source.connector, share) for entity in source.entities]
        batches = active_batches(night.home, source)
        calendar = Calendar(source, [batch for batch in batches if not batch.corrects], night.business.company.business_time_zone)
        rows["warnings"] += [(name, None, None, *said.split(": ", 1)) for said in (*calendar.gaps(), *calendar.silence(as_of))]
        healed: set[str] = set()
        for number, batch in enumerate(batches, 1):
            batch_id, file = batch.batch_id, batch.file
            facts = (file, batch.file_sha256, batch.file_bytes, batch.rows, batch.malformed_rows, batch.extracted)
            rows["batches"].append((name, batch_id, number, *facts, batch.supersedes, batch.corrected_by, batch.reason))
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


def _write_sources(connection: duckdb.DuckDBPyConnection, night: Night, as_of: dt.date) -> None:
    rows = _source_rows(night, as_of)
    for table, columns in _TABLES.items():
        connection.execute(f"create table control.{table} ({columns})")
        if rows[table]:
            connection.executemany(f"insert into control.{table} values ({', '.join('?' * len(rows[table][0]))})", rows[table])


def prepare_warehouse(night: Night) -> dt.date:
    """Make the night's working file: the control tables and the `landed.*` views over this night's batch set.

    Returns
    -------
    The day the night stands at, now written in `control.night`.
    """
    path = night.home.working_copy
    shutil.rmtree(path.parent, ignore_errors=True)  # what a killed night left behind is thrown away, never repaired
    path.parent.mkdir(parents=True)
    zone = night.business.company.business_time_zone
    with open_warehouse(path) as connection:
        for schema in ("control", "landed", "staging", "intermediate", "model", "marts", "audit"):
            connection.execute(f"create schema {schema}")
        as_of = choose_as_of(night, connection)
        _write_night(connection, night, as_of)
        _write_keys(connection, night.home)
        _write_sources(connection, night, as_of)
        for entity in ENTITIES.values():
            connection.execute(f"create view landed.{identifier(entity.name)} as {landed_view(night.home, night.sources, entity, zone)}")
    return as_of


def promote(home: Home) -> None:
    """The working file becomes the accepted one, in one rename each way; the one before is gone."""
    target = home.accepted.parent
    old = target.with_name("replaced")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
        fault("publish: between the renames")
    os.rename(home.working_copy.parent, target)
    shutil.rmtree(old, ignore_errors=True)
