"""The customer months as a night builds them, and the same SQL without dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from goodwill import identity
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, open_warehouse, prepare_warehouse
from goodwill.warehouse.layers import run_dbt

__all__ = ["bare", "build", "compiled", "decode", "months", "prepare"]

#: Layers of the night up to customer months; people are told apart between them.
LAYERS = ("staging", "before_clv")
_COLUMNS = (
    "month, orders_count, purchase_days_count, ordered_amount, refunded_amount, margin_by_event_date_amount, contacts_sent_count, "
    "contact_events_count, cost_to_serve_amount"
)


def prepare(folder: Path) -> None:
    """An empty warehouse with the night's settings and the landed rows in reach."""
    home = Home.at(folder)
    prepare_warehouse(Night(home, "bench", load_business(home.business_file), load_sources(home.sources_file)))


def _resolve(folder: Path) -> None:
    home = Home.at(folder)
    with open_warehouse(home.working_copy) as connection:
        identity.resolve(connection, load_business(home.business_file).identity, home.accepted)


def _dbt(folder: Path, *arguments: str) -> Any:
    result = run_dbt(Home.at(folder), ["--quiet", *arguments])
    if not result.success:
        raise SystemExit(
            f"dbt failed: {result.exception or [run.message for run in result.result if run.status not in ('success', 'pass')]}"
        )
    return result.result


def build(folder: Path, tests: bool) -> None:
    """All that customer months descend from, by dbt."""
    for layer in LAYERS:
        if layer == "before_clv":
            _resolve(folder)
        command = ["build", "--exclude-resource-type", "unit_test"] if tests else ["run"]
        _dbt(folder, *command, "--select", f"+customer_months,tag:{layer}")


def compiled(folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Layer → (kind, schema.name, SQL) of the same models, in the order of dbt, over a warehouse that has them."""
    found = {}
    for layer in LAYERS:
        runs = _dbt(folder, "compile", "--no-print", "--select", f"+customer_months,tag:{layer}").results
        nodes = [run.node for run in runs if run.node.resource_type == "model"]
        found[layer] = [
            ("view" if node.config.materialized == "view" else "table", f"{node.schema}.{node.name}", node.compiled_code) for node in nodes
        ]
    return found


def bare(folder: Path, models: dict[str, list[tuple[str, str, str]]]) -> None:
    """The SQL alone."""
    for layer in LAYERS:
        if layer == "before_clv":
            _resolve(folder)
        with open_warehouse(Home.at(folder).working_copy) as connection:
            for kind, name, sql in models[layer]:
                connection.execute(f"create schema if not exists {name.partition('.')[0]}")
                connection.execute(f"create {kind} {name} as {sql}")


def decode(files: dict[str, list[str]]) -> None:
    """Every column of every landed row, once."""
    with duckdb.connect() as connection:
        for paths in files.values():
            connection.execute("select max(columns(*)) from read_parquet($paths)", {"paths": paths}).fetchall()


def months(folder: Path) -> list[tuple[Any, ...]]:
    """Month by month: persons, and the sum of every count and amount."""
    with open_warehouse(Home.at(folder).working_copy, read_only=True) as connection:
        sums = ", ".join(f"sum({column.strip()})" for column in _COLUMNS.split(",")[1:])
        return connection.execute(f"select month, count(*), {sums} from marts.customer_months group by month order by month").fetchall()
