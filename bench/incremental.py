"""What a night costs that goes on from the one before: nothing new, a day's rows, ten days' rows, against a build in full.

`python -m bench.incremental --orders 1000000` makes a shop whose last eleven days arrive apart, builds the warehouse up to customer value night by
night without Airflow, and once more in full; it prints the CPU seconds of each, their ratio, and how many rows differ. Importing dbt is left out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from goodwill import extract, identity
from goodwill.demo import make_demo_home
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, build_layer, open_warehouse, plan_night, prepare_warehouse, promote

from bench.shop import Parameters, make_shop

__all__ = ["Built", "Difference", "build", "compare", "make_nights", "table"]

DAYS_APART = 11


@dataclass(frozen=True)
class Built:
    """One night: what it was, what it set out to do, and the CPU and wall seconds of its stages."""

    name: str
    plan: str
    cpu: dict[str, float]
    wall: float

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


def make_nights(home: Path, orders: int, seed: int) -> list[Path]:
    """A home that reads a folder of files a night, the first one filled; the folders of the later days, in order."""
    make_demo_home("shop", home)
    make_shop(Parameters(orders, seed), home / "made", "csv", DAYS_APART)
    settings = home / "sources.yml"
    settings.write_text(re.sub(r"path: input/(\w+)\.csv", r"path: input/*/\1.csv", settings.read_text()))
    with (home / "goodwill.yml").open("a") as business:  # what an increment costs is to be measured even where it does not pay
        business.write("\nwarehouse: {full_build_share: 1.0, full_build_rows: 0}\n")
    first = home / "input" / "first"
    first.mkdir(parents=True, exist_ok=True)
    for file in (home / "made").glob("*.csv"):
        shutil.move(file, first)
    return sorted((home / "made" / "nights").iterdir())


def build(home: Home, name: str, day: dt.date, full: bool = False) -> Built:
    """Build the warehouse up to customer value in the home's working file, as the stages of a night do."""
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    cpu: dict[str, float] = {}

    def measured(stage: str, work: Callable[[], object]) -> None:
        before = time.process_time()
        work()
        cpu[stage] = time.process_time() - before

    def resolve() -> None:
        with open_warehouse(home.working_copy) as connection:
            identity.resolve(connection, business.identity, home.accepted)

    began = time.monotonic()
    night = Night(home, name, business, sources, day)
    plan = plan_night(night, full)
    measured("prepare", lambda: prepare_warehouse(night, plan))
    measured("staging", lambda: build_layer(home, "staging"))
    measured("identity", resolve)
    measured("before_clv", lambda: build_layer(home, "before_clv"))
    return Built(name, plan.describe(), cpu, time.monotonic() - began)


@dataclass(frozen=True)
class Difference:
    """Rows of a table that only one of two warehouses has: how many, and the first of them."""

    rows: int
    first: list[tuple[Any, ...]]


def compare(one: Path, other: Path) -> tuple[int, dict[str, Difference]]:
    """How many tables of staging, intermediate and marts `other` has, and those that are not the same in `one`; doubles to nine decimals."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'other' and schema_name in ('staging', 'intermediate', 'marts') order by 1"
        ).fetchall()
        for (name,) in tables:
            columns = connection.execute(f"describe other.{name}").fetchall()
            listed = ", ".join(f"round({column}, 9)" if kind == "DOUBLE" else column for column, kind, *_ in columns)
            ways = [
                f"select '{first}', * from (select {listed} from {first}.{name} except all select {listed} from {second}.{name})"
                for first, second in (("one", "other"), ("other", "one"))
            ]
            rows = connection.execute(" union all ".join(ways)).fetchall()
            if rows:
                found[name] = Difference(len(rows), rows[:4])
    return len(tables), found


def table(nights: Sequence[Built], full: Built) -> str:
    """The nights beside the build in full."""
    stages = list(full.cpu)
    lines = [f"{'night':<14}" + "".join(f"{stage:>12}" for stage in stages) + f"{'CPU s':>10}{'of full':>9}{'wall s':>8}"]
    for night in [*nights, full]:
        parts = "".join(f"{night.cpu[stage]:>12.1f}" for stage in stages)
        lines.append(f"{night.name:<14}{parts}{night.total:>10.1f}{night.total / full.total:>9.1%}{night.wall:>8.1f}")
    return "\n".join(lines)


def _arrive(home: Home, folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.move(folder, home.root / "input" / folder.name)
    business = load_business(home.business_file)
    for source in load_sources(home.sources_file).sources:
        extract.land_source(home, source, business.company.business_time_zone)


def main(arguments: list[str] | None = None) -> int:
    """Make the shop, build night by night and in full, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.incremental", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    from dbt.cli.main import dbtRunner

    assert dbtRunner, "imported before anything is measured"
    with tempfile.TemporaryDirectory(prefix="goodwill-bench-") as temporary:
        days = make_nights(Path(temporary) / "home", given.orders, given.seed)
        home, last = Home.at(Path(temporary) / "home"), dt.date.fromisoformat(days[-1].name)
        _arrive(home, [])
        build(home, "first", dt.date.fromisoformat(days[0].name) - dt.timedelta(days=1))
        promote(home)
        nights = []
        for name, folders, day in (
            ("nothing new", [], dt.date.fromisoformat(days[0].name) - dt.timedelta(days=1)),
            ("a day later", [], dt.date.fromisoformat(days[0].name)),
            ("a day's rows", days[:1], dt.date.fromisoformat(days[0].name)),
            ("ten days' rows", days[1:], last),
        ):
            _arrive(home, folders)
            nights.append(build(home, name, day))
            print(f"{name}: {nights[-1].plan}", flush=True)
            promote(home)
        full = build(home, "in full", last, full=True)
        tables, differing = compare(home.accepted, home.working_copy)
    print(table(nights, full))
    print(f"{tables} tables compared; rows that differ: { {name: each.rows for name, each in differing.items()} or 0 }")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
