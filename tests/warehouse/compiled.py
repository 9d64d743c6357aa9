"""The models that depend on events alone, compiled once and built over what a home has landed: a night's warehouse in seconds.

What is built is what dbt would build, in dbt's order, without its tests and contracts; by nights that go on from one another, if wanted.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from goodwill import extract, identity
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, Plan, open_warehouse, plan_night, prepare_warehouse
from goodwill.warehouse.layers import PROJECT, invoke_dbt
from goodwill.warehouse.skipping import models_to_skip

__all__ = ["Increments", "Model", "build_events", "compile_events", "compile_increments", "content_hashes", "go_on", "land", "rows"]

LAYERS = ("staging", "before_clv")
#: What the models read of the places on accepted nights; a test keeps them in `places.csv` of its home.
PLACES = "person_id varchar, as_of date, life_cycle_stage varchar, is_gone boolean"


@dataclass(frozen=True)
class Model:
    """One model as dbt compiles it; `key` and `touched_by` where the rows of touched keys alone are replaced."""

    schema: str
    name: str
    is_view: bool
    sql: str
    key: str | None = None
    touched_by: str | None = None


@dataclass(frozen=True)
class Increments:
    """The models of a night that goes on from the one before, and dbt's graph of them."""

    models: list[Model]
    manifest: Any


def compile_events(folder: Path) -> list[Model]:
    """Every model of the night up to customer value, in the order in which they are built."""
    duckdb.connect(str(folder / "basis.duckdb")).close()
    return _compile(folder)[0]


def compile_increments(folder: Path) -> Increments:
    """The same models as they are in a night that goes on from a warehouse before."""
    with duckdb.connect(str(folder / "basis.duckdb")) as basis:
        basis.execute("create schema control; create table control.state (state varchar)")
    return Increments(*_compile(folder))


def _compile(folder: Path) -> tuple[list[Model], Any]:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:  # as in every night, there is a list of accepted places
        warehouse.execute(f"create schema if not exists model; create table if not exists model.recorded_changes ({PLACES})")
    os.environ |= {"GOODWILL_WAREHOUSE": str(folder / "warehouse.duckdb"), "GOODWILL_BASIS": str(folder / "basis.duckdb")}
    common = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target"))
    chosen = ("--select", *(f"tag:{layer},resource_type:model" for layer in LAYERS))
    parsed = invoke_dbt(["--quiet", "parse", *common, "--log-path", str(folder)])
    result = invoke_dbt(["--quiet", "compile", *chosen, *common, "--log-path", str(folder)], parsed.result)
    assert result.exception is None, result.exception
    nodes = {run.node.unique_id: run.node for run in result.result}
    models = {key: node for key, node in nodes.items() if str(node.resource_type) == "model"}
    ordered: list[str] = []
    while len(ordered) < len(models):
        ready = [key for key, node in models.items() if key not in ordered and not {*node.depends_on.nodes} & ({*models} - {*ordered})]
        assert ready, "the models refer to one another in a circle"
        ordered += ready
    return [_model(models[key]) for key in ordered], parsed.result


def _model(node: Any) -> Model:
    config = node.config
    by = config.meta.get("touched_by")
    return Model(node.schema, node.name, config.materialized == "view", str(node.compiled_code), config.unique_key if by else None, by)


def land(home: Home) -> None:
    """Land whatever the sources of a home hold."""
    zone = load_business(home.business_file).company.business_time_zone
    for source in load_sources(home.sources_file).sources:
        extract.land_source(home, source, zone)


def build_events(home: Home, models: list[Model], as_of: dt.date | None = None) -> None:
    """Build every model over what has landed, as a night at `as_of` that builds in full would, in the home's working file."""
    night = _night(home, as_of)
    prepare_warehouse(night, plan_night(night, full=True))
    with open_warehouse(home.working_copy) as connection:
        connection.execute("create table marts.labels as select * from read_csv(?, header = true)", [str(PROJECT / "seeds" / "labels.csv")])
        connection.execute("create schema if not exists touched")
        _write_places(connection, home)
        for model in models:
            _resolve(connection, home, model)
            connection.execute(f"create {'view' if model.is_view else 'table'} {model.schema}.{model.name} as {model.sql}")


def go_on(home: Home, models: list[Model], increments: Increments, as_of: dt.date | None = None) -> Plan:
    """Build the next night: on top of the accepted warehouse where that can be, else in full; what it set out to do."""
    night = _night(home, as_of)
    plan = plan_night(night)
    if plan.before is None:
        build_events(home, models, as_of)
        return plan
    prepare_warehouse(night, plan)
    with open_warehouse(home.working_copy) as connection:
        connection.execute(f"attach '{home.basis}' as basis (read_only)")
        _write_places(connection, home)
        for model in increments.models:
            _resolve(connection, home, model)
            if model.name == increments.models[0].name or model.name == "int_contacts__keyed":  # each layer asks for itself
                skipped = models_to_skip(connection, increments.manifest, night.business.company.business_time_zone)
            if model.name not in skipped and not model.is_view:
                _replace(connection, model)
    return plan


def _write_places(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    connection.execute(f"create table model.recorded_changes ({PLACES})")
    if (home.root / "places.csv").exists():
        with (home.root / "places.csv").open(newline="") as stream:
            places = list(csv.reader(stream))
        for place in places:
            connection.execute(
                "insert into model.recorded_changes select ?, ?, ?, ? where ?::date < (select as_of from control.night)", [*place, place[1]]
            )


def _replace(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """What dbt does with a table, and the strategy `touched` with an increment."""
    table = f"{model.schema}.{model.name}"
    if not model.touched_by:
        connection.execute(f"create or replace table {table} as {model.sql}")
        return
    connection.execute(f"create or replace temp table selected as {model.sql}")
    connection.execute(f"delete from {table} where {model.key} is null or {model.key} in (from touched.{model.touched_by})")
    connection.execute(f"insert into {table} by name from selected")


def _night(home: Home, as_of: dt.date | None) -> Night:
    return Night(home, "night", load_business(home.business_file), load_sources(home.sources_file), as_of)


def _resolve(connection: duckdb.DuckDBPyConnection, home: Home, model: Model) -> None:
    if model.name == "int_contacts__keyed":
        identity.resolve(connection, load_business(home.business_file).identity, home.accepted)


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the working file of a home."""
    with open_warehouse(home.working_copy, read_only=True) as connection:
        return connection.execute(query).fetchall()


def content_hashes(home: Home) -> dict[str, tuple[int, int]]:
    """Each mart of the working file → its row count and a hash of its rows in any order."""
    found = {}
    for (table,) in rows(home, "select table_name from duckdb_tables() where schema_name = 'marts' and table_name <> 'labels' order by 1"):
        columns = ", ".join(row[0] for row in rows(home, f"describe marts.{table}"))
        hashed = f"select count(*), coalesce(sum(cast(h as hugeint)), 0) from (select hash({columns}) as h from marts.{table})"
        found[table] = rows(home, hashed)[0]
    return found
