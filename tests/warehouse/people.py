"""The identity models of the dbt project, run over a handful of contacts in a database in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from goodwill import identity
from goodwill.entities import ENTITIES, PLUMBING
from goodwill.settings.business import BusinessSettings, Identity, flat_settings

from tests.warehouse.compiled import Model

#: The models in the order in which they are built.
MODELS = (
    "base_consents",
    "base_contacts",
    "base_identity_decisions",
    "stg_contacts",
    "stg_consents",
    "stg_identity_decisions",
    "stg_contact_merges",
    "int_contacts__keyed",
    "int_identity_decisions__latest",
    "int_contact_links__certain",
    "int_contacts__certain",
    "int_identifiers__judged",
    "int_contact_links__matched",
    "int_contacts__grouped",
    "int_contacts__merged",
    "person_contacts",
    "shared_identifiers",
)
AS_OF = dt.date(2026, 1, 31)


def identity_models(events: list[Model]) -> dict[str, str]:
    """Model → its SQL as dbt compiles it, in the order in which they are built."""
    compiled = {model.name: model.sql for model in events}
    return {model: compiled[model] for model in MODELS}


@dataclass
class World:
    """Landed rows, and the settings to make people of them; `run` builds every identity model."""

    compiled: Mapping[str, str]
    contacts: Iterable[Mapping[str, Any]] = ()
    decisions: Iterable[Mapping[str, Any]] = ()
    consents: Iterable[Mapping[str, Any]] = ()
    settings: Identity = field(default_factory=Identity)
    as_of: dt.date = AS_OF

    def run(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("attach ':memory:' as warehouse; use warehouse; set timezone = 'UTC'; set threads = 1")
        for schema in ("control", "landed", "staging", "intermediate", "model", "marts"):
            connection.execute(f"create schema {schema}")
        self._night(connection)
        connection.execute("create table control.keys as select 'inner' as inner_key, 'outer' as outer_key")
        connection.execute("create table control.batches (source varchar, batch_id varchar, batch_no bigint)")
        connection.execute("create table control.corrections (source varchar, batch_id varchar, row_no bigint)")
        for entity, rows in (("contacts", self.contacts), ("consents", self.consents), ("identity_decisions", self.decisions)):
            _land(connection, entity, list(rows))
        for model, sql in self.compiled.items():
            if model == "int_contacts__keyed":
                identity.resolve(connection, self.settings, Path("no accepted warehouse"))
            connection.execute(f"create table {_schema(model)}.{model} as {sql}")
        return connection

    def people(self) -> dict[str, str]:
        """Contact → person."""
        with self.run() as connection:
            return dict(connection.execute("select contact_id, person_id from marts.person_contacts").fetchall())

    def _night(self, connection: duckdb.DuckDBPyConnection) -> None:
        flat = flat_settings(BusinessSettings(identity=self.settings))
        values = {"as_of": self.as_of, "_zone_least_micros": None, "_zone_most_micros": None}
        values |= {key: value for key, value in flat.items() if key.startswith(("identity_", "company_"))}
        connection.execute(f"create table control.night as select {', '.join(f'? as {key}' for key in values)}", list(values.values()))


def _schema(model: str) -> str:
    return "staging" if model.startswith(("base_", "stg_")) else "intermediate" if model.startswith("int_") else "marts"


def _land(connection: duckdb.DuckDBPyConnection, entity: str, rows: list[Mapping[str, Any]]) -> None:
    columns = {column.name: column.sql_type for column in ENTITIES[entity].columns} | PLUMBING
    connection.execute(f"create table landed.{entity} ({', '.join(f'{name} {sql_type}' for name, sql_type in columns.items())})")
    plumbing = {"_source": "crm", "_batch_id": "b1", "_file": f"{entity}.csv", "_extracted_at": dt.datetime(2026, 2, 1), "_problems": []}
    for number, row in enumerate(rows, start=1):
        values = {**plumbing, "_row_no": number, **row}
        names = ", ".join(values)
        connection.execute(f"insert into landed.{entity} ({names}) values ({', '.join('?' * len(values))})", list(values.values()))
