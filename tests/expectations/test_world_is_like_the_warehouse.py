"""The small shop has the columns that the real marts declare, so that a rule which holds on it reads columns that exist."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml
from goodwill.quality import load_suites

from tests.expectations.world import build_world

MARTS = Path(__file__).parents[2] / "dbt_project" / "models" / "marts"
MARTS_WITH_RULES = sorted(suite.table_name for suite in load_suites() if suite.schema_name == "marts")
#: Marts of which the small shop holds some columns only.
PARTIAL = {"dim_customers", "referral_value"}


def _declared() -> dict[str, set[str]]:
    models = [model for file in MARTS.rglob("*.yml") for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]
    return {model["name"]: {column["name"] for column in model["columns"]} for model in models}


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    path = build_world(tmp_path_factory.mktemp("world") / "warehouse.duckdb")
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() where schema_name = 'marts' group by all"
        ).fetchall()
    return {name: set(found) for name, found in rows}


@pytest.mark.parametrize("mart", MARTS_WITH_RULES)
def test_the_columns_are_those_of_the_contract(mart: str, columns: dict[str, set[str]]) -> None:
    declared = _declared()[mart]
    assert columns[mart] - declared == set()
    assert mart in PARTIAL or declared - columns[mart] == set()


def test_there_are_rules_for_every_mart_of_the_night() -> None:
    assert len(MARTS_WITH_RULES) >= 11
