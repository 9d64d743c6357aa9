"""The models that depend on events alone, compiled once and built over what a home has landed: a night's warehouse in seconds.

What is built is what dbt would build, in dbt's order, without its tests and contracts.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill import extract, identity
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, open_warehouse, prepare_warehouse
from goodwill.warehouse.layers import PROJECT

__all__ = ["Model", "build_events", "compile_events", "content_hashes", "land", "rows"]

LAYERS = ("staging", "before_clv")


@dataclass(frozen=True)
class Model:
    """One model as dbt compiles it."""

    schema: str
    name: str
    is_view: bool
    sql: str


def compile_events(folder: Path) -> list[Model]:
    """Every model of the night up to customer value, in the order in which they are built."""
    from dbt.cli.main import dbtRunner

    os.environ["GOODWILL_WAREHOUSE"] = str(folder / "warehouse.duckdb")
    common = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target"))
    chosen = ("--select", *(f"tag:{layer},resource_type:model" for layer in LAYERS))
    result = dbtRunner().invoke(["--quiet", "compile", *chosen, *common, "--log-path", str(folder)])
    assert result.exception is None, result.exception
    nodes = {run.node.unique_id: run.node for run in result.result}
    models = {key: node for key, node in nodes.items() if str(node.resource_type) == "model"}
    ordered: list[str] = []
    while len(ordered) < len(models):
        ready = [key for key, node in models.items() if key not in ordered and not {*node.depends_on.nodes} & ({*models} - {*ordered})]
        assert ready, "the models refer to one another in a circle"
        ordered += ready
    return [
        Model(models[key].schema, models[key].name, models[key].config.materialized == "view", str(models[key].compiled_code))
        for key in ordered
    ]


def land(home: Home) -> None:
    """Land whatever the sources of a home hold."""
    zone = load_business(home.business_file).company.business_time_zone
    for source in load_sources(home.sources_file).sources:
        extract.land_source(home, source, zone)


def build_events(home: Home, models: list[Model], as_of: dt.date | None = None) -> None:
    """Build every model over what has landed, as a night at `as_of` would, in the home's working file."""
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    prepare_warehouse(Night(home, "night", business, sources, as_of))
    with open_warehouse(home.working_copy) as connection:
        connection.execute("create table marts.labels as select * from read_csv(?, header = true)", [str(PROJECT / "seeds" / "labels.csv")])
        for model in models:
            if model.name == "int_contacts__keyed":
                identity.resolve(connection, business.identity, home.accepted)
            connection.execute(f"create {'view' if model.is_view else 'table'} {model.schema}.{model.name} as {model.sql}")


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
