"""What a customer's own history is weighed with, and whether spend may be modelled apart from frequency."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from goodwill.clv.fitting import fit_spend
from goodwill.clv.independence import Dependence, spend_dependence
from goodwill.clv.tuples import read_spend_tuples

from tests.unit.clv.histories import AS_OF, warehouse_of
from tests.unit.clv.test_scoring import scored

PURCHASES = [(f"p{person}", AS_OF - dt.timedelta(days=40 * event + person), 10.0) for person in range(8) for event in range(2)]


def rates(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    return dict(connection.execute("select person_id, margin_rate from model.clv_scores").fetchall())


def test_a_margin_rate_is_weighed_with_that_of_its_category_and_that_with_everybodys() -> None:
    connection = warehouse_of(PURCHASES, margin=0.2)
    connection.execute(
        "update intermediate.int_customer_facts set first_category = case when person_id < 'p4' then 'wine' when person_id < 'p7' then 'tea' end, "
        "margin_amount = case when person_id < 'p4' then 10 when person_id < 'p7' then 2 else 4 end"
    )
    scored(connection, as_of=AS_OF)
    mean, everybody = 10.0, (4 * 10 + 3 * 2 + 4) / 160
    wine = (40 + 5 * mean * everybody) / (80 + 5 * mean)
    tea = (6 + 5 * mean * everybody) / (60 + 5 * mean)
    found = rates(connection)
    assert found["p0"] == pytest.approx((10 + 5 * mean * wine) / (20 + 5 * mean), rel=1e-9)
    assert found["p4"] == pytest.approx((2 + 5 * mean * tea) / (20 + 5 * mean), rel=1e-9)
    assert found["p7"] == pytest.approx((4 + 5 * mean * everybody) / (20 + 5 * mean), rel=1e-9), (
        "who has no category is weighed with everybody"
    )
    assert found["p0"] > found["p7"] > found["p4"]


def test_where_no_model_scores_those_who_came_together_are_expected_alike() -> None:
    early = [(f"a{person}", AS_OF - dt.timedelta(days=400 - 20 * event), 10.0) for person in range(9) for event in range(10)]
    late = [(f"b{person}", AS_OF - dt.timedelta(days=50), 10.0) for person in range(9)]
    connection = scored(warehouse_of([*early, *late]), as_of=AS_OF)
    found = dict(connection.execute("select left(person_id, 1), max(expected_purchases_365) from model.clv_scores group by 1").fetchall())
    everybody = 81 / (9 * 450)
    first, second = (81 + 10_950 * everybody) / (9 * 400 + 10_950), (0 + 10_950 * everybody) / (9 * 50 + 10_950)
    # none of them has come back in the last 91 days, though 9 * 91 and 9 * 50 days at those rates are some ten purchases
    pace = round((0 + 10) / (9 * 91 * first + 9 * 50 * second + 10), 8)
    assert 0.25 < pace < 0.3
    assert found["a"] == pytest.approx(365 * first * pace, rel=1e-9)
    assert found["b"] == pytest.approx(365 * second * pace, rel=1e-9)
    (said,) = connection.execute("select distinct fallback_reason from model.clv_scores").fetchall()[0]
    assert "the same quarter" in said


def test_the_rate_of_a_shop_that_goes_on_is_not_raised_by_a_season() -> None:
    """Bought on every 20th day, but on every 5th in the last quarter: the rate of all their time is expected, not that of the season."""
    days = [*range(91, 400, 20), *range(0, 91, 5)]
    connection = scored(
        warehouse_of([(f"p{person}", AS_OF - dt.timedelta(days=ago), 10.0) for person in range(9) for ago in days]), as_of=AS_OF
    )
    (found,) = connection.execute("select distinct expected_purchases_365 from model.clv_scores").fetchall()[0]
    assert found == pytest.approx(365 * (len(days) - 1) / max(days), rel=1e-9)


def test_the_order_of_the_histories_does_not_show_in_the_last_digit() -> None:
    """Twenty quarters of first purchases, each with a rate of its own: a sum of such numbers depends on their order, what is expected must not."""
    chance = np.random.default_rng(4)
    bought = [(f"p{person}", AS_OF - dt.timedelta(days=int(days)), 10.0) for person in range(200) for days in chance.integers(70, 1800, 3)]
    found = []
    for order in ("age_days, x, t_x_days", "age_days desc, x desc, t_x_days desc", "hash(age_days)"):
        connection = warehouse_of(bought)
        connection.execute(f"create or replace table intermediate.int_rfm_tuples as from intermediate.int_rfm_tuples order by {order}")
        scored(connection, as_of=AS_OF)
        found.append(connection.execute("select person_id, expected_purchases_365 from model.clv_scores order by all").fetchall())
    assert found[0] == found[1] == found[2]


def customers(together: float) -> duckdb.DuckDBPyConnection:
    """3,000 customers whose first amount goes with their frequency by as much as `together`."""
    random = np.random.default_rng(5)
    rate, own = random.normal(size=3000), random.normal(size=3000)
    x = random.poisson(np.exp(rate))
    first = np.exp(together * rate + np.sqrt(1 - together**2) * own) * 20
    connection = duckdb.connect()
    connection.execute("create schema intermediate")
    connection.register("made", pa.table({"x": x, "first": first}))
    connection.execute(
        "create table intermediate.int_customer_facts as select 'p' || row_number() over () as person_id, false as is_guest, x + 1 as purchase_days, x, "
        "cast(first as decimal(18, 2)) as first_amount from made"
    )
    connection.execute(
        "create table intermediate.int_clv_customers as select person_id, 'all' as model_group from intermediate.int_customer_facts"
    )
    connection.execute(
        "create table intermediate.int_spend_tuples as select 'all' as model_group, x, cast(round(first * 100) as bigint) as mean_repeat_cents, "
        "count(*) as customers from made where x > 0 group by all"
    )
    return connection


@pytest.mark.parametrize(("together", "status"), [(0.0, "accepted"), (0.8, "rejected"), (-0.8, "rejected")])
def test_spend_that_goes_with_frequency_is_not_modelled_without_it(together: float, status: str) -> None:
    connection = customers(together)
    found = spend_dependence(connection)
    assert found is not None
    assert found.customers == 3000
    assert found.low < found.rho < found.high
    run = fit_spend(read_spend_tuples(connection), 30, dependence=found, limit=0.3)
    assert run.status == status
    assert f"{found.rho:.2f}" in run.message
    assert ("spend goes with frequency" in run.message) is (status == "rejected")


def test_a_limit_is_passed_only_by_the_whole_interval() -> None:
    assert not Dependence(0.35, 0.28, 0.42, 700).beyond(0.3)
    assert Dependence(0.35, 0.31, 0.39, 2000).beyond(0.3)
    assert Dependence(-0.35, -0.39, -0.31, 2000).beyond(0.3)


def test_of_few_or_equal_customers_nothing_is_said() -> None:
    connection = customers(0.0)
    connection.execute("update intermediate.int_customer_facts set first_amount = 10")
    assert spend_dependence(connection) is None
    connection.execute("delete from intermediate.int_customer_facts where person_id > 'p1'")
    assert spend_dependence(connection) is None
