"""dbt's own tests: every unit test, and our generic tests on good and bad rows, in a warehouse a real night has built."""

from __future__ import annotations

from pathlib import Path

import pytest
from goodwill import clv, extract, identity, segments
from goodwill.demo import make_demo_home
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, build_layer, open_warehouse, prepare_warehouse
from goodwill.warehouse.layers import PROJECT, run_dbt

from bench.shop import Parameters, make_shop

INCREMENTS = (
    "select schema_name, table_name from duckdb_tables() where table_name in ('base_orders', 'base_contact_events', 'int_orders__valued', "
    "'int_purchase_days', 'fct_orders', 'fct_order_lines', 'fct_contact_events', 'message_reactions', 'customer_months', 'fct_costs') order by all"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of a small shop, its working warehouse built through the last layer."""
    folder = tmp_path_factory.mktemp("shop")
    make_demo_home("shop", folder)
    make_shop(Parameters(400, 3), folder / "input")
    home = Home.at(folder)
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    for source in sources.sources:
        extract.land_source(home, source, business.company.business_time_zone)
    as_of = prepare_warehouse(Night(home, "night-1", business, sources))
    build_layer(home, "staging")
    with open_warehouse(home.working_copy) as connection:
        identity.resolve(connection, business.identity, home.accepted)
    build_layer(home, "before_clv")
    with open_warehouse(home.working_copy) as connection:
        clv.fit(connection, business, "night-1", as_of)
        clv.score(connection, business, "night-1", as_of)
        clv.write_silences(connection, "night-1", business.life_cycle.at_risk_p_alive, business.life_cycle.warning_days)
        segments.assign(connection, business, "night-1", as_of)
    build_layer(home, "after_clv")
    return home


def test_every_unit_test_of_the_models_passes(home):
    # one thread: two that read fixtures at once may trip over a defect of Python 3.11 ("AST constructor recursion depth mismatch")
    result = run_dbt(home, ["--quiet", "test", "--select", "test_type:unit", "tag:ci", "--threads", "1"])
    assert result.exception is None, result.exception
    failed = {run.node.name: run.message for run in result.result if str(run.status) != "pass"}
    assert failed == {}
    assert len(result.result) >= 40


def test_every_mart_column_is_described_in_the_database_itself(home):
    with open_warehouse(home.working_copy, read_only=True) as connection:
        bare = connection.execute(
            "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'marts' and table_name <> 'labels' and comment is null"
        ).fetchall()
        tables = connection.execute("select count(*) from duckdb_tables() where schema_name = 'marts' and comment is not null").fetchone()
    assert bare == []
    assert tables[0] >= 11


def test_a_layer_may_be_built_again(home):
    """As when a stage is retried, or cleared in Airflow: rows of increments are not there twice, and no key is hurt."""

    def counted() -> list[tuple[str, int]]:
        with open_warehouse(home.working_copy, read_only=True) as connection:
            names = [f"{schema}.{table}" for schema, table in connection.execute(INCREMENTS).fetchall()]
            return [(name, *connection.execute(f"select count(*) from {name}").fetchone()) for name in names]

    before = counted()
    build_layer(home, "staging")
    build_layer(home, "before_clv")
    assert counted() == before
    assert all(rows for _, rows in before)


def test_the_project_is_where_the_package_looks():
    assert Path(PROJECT / "dbt_project.yml").is_file()
