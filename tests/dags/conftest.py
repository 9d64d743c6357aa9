"""The real `nightly` DAG, run by Airflow itself in this process: one metadata database for the session, many nights."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill.home import Home
from goodwill.stages import new_run_id

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a night ended: its record, its stages, and its home."""

    home: Home
    run_id: str
    record: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.record["verdict"])

    def database(self) -> Path:
        return self.home.published / self.run_id / "goodwill.duckdb"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database()), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Airflow with a metadata database of its own."""
    folder = tmp_path_factory.mktemp("airflow")
    os.environ |= {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
    }
    assert "airflow" not in sys.modules, "Airflow reads its settings once: nothing may import it before"
    from airflow.utils.db import initdb

    initdb()
    return folder


@pytest.fixture(scope="session")
def run_night(airflow: Path) -> Callable[..., Ended]:
    """Run one night of a home through the DAG's own test-run: `run_night(home, as_of="2026-06-30")`."""
    from nightly import NIGHTLY

    def run(home: Path | Home, as_of: str | None = None) -> Ended:
        where = home if isinstance(home, Home) else Home.at(home)
        run_id = new_run_id()
        NIGHTLY.test(run_conf={"home": str(where.root), "as_of": as_of, "run_id": run_id, "pid": os.getpid()})
        from goodwill.audit import RunRecord

        return Ended(where, run_id, RunRecord.of(where, run_id).read())

    return run


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Home]:
    """Make the home of a small generated shop: `shop_home(orders=600, dirt=0.01)`."""
    from goodwill.demo import make_demo_home

    from bench.shop import Parameters, make_shop

    def make(orders: int = 600, dirt: float = 0.0, seed: int = 11) -> Home:
        folder = tmp_path_factory.mktemp("shop")
        make_demo_home("shop", folder)
        make_shop(Parameters(orders, seed), folder / "input", "csv", 0, dirt)
        return Home.at(folder)

    return make


@pytest.fixture(scope="session")
def shop(shop_home: Callable[..., Home]) -> Home:
    """A shop in which two people of different names share an address to write to."""
    home = shop_home(orders=800, dirt=0.005)
    (contacts,) = (home.root / "input").glob("contacts*.csv")
    header, *lines = contacts.read_text().splitlines()
    names = header.split(",")
    one = next(line for line in csv.DictReader([header, *lines]) if line["email"] and line["first_name"] and not line["merged_into"])
    with contacts.open("a", newline="") as stream:
        csv.DictWriter(stream, names).writerow(
            {**one, "contact_id": "of-the-same-house", "first_name": "Zoltan", "phone": "", "referral_code": ""}
        )
    return home


@pytest.fixture(scope="session")
def first(run_night: Callable[..., Ended], shop: Home) -> Ended:
    """Its first night."""
    night = run_night(shop, as_of="2026-06-30")
    assert night.verdict == "published", night.record
    return night
