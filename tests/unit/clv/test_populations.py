"""Populations that no textbook shows: each is scored whole, with a stated fallback, and never with NaN or NULL."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pytest
from goodwill import clv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.clv.histories import AS_OF, RUN, Purchase, warehouse_of
from tests.unit.clv.whole import SETTINGS, score_whole


def day(ago: int) -> dt.date:
    return AS_OF - dt.timedelta(days=ago)


def whole(purchases: list[Purchase], margin: float | None = 0.3) -> duckdb.DuckDBPyConnection:
    """Fit and score; every customer once, every number a number."""
    connection = warehouse_of(purchases, margin=margin)
    score_whole(connection)
    return connection


def reasons(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    rows = connection.execute("select distinct model_used, fallback_reason from model.clv_scores").fetchall()
    assert len(rows) == 1
    return rows[0]


def test_no_customers() -> None:
    connection = whole([])
    assert connection.execute("select distinct status from model.clv_runs").fetchall() == [("not_fitted",)]


@pytest.mark.parametrize(
    "purchases",
    [
        pytest.param([("one", day(10), 5.0)], id="one customer"),
        pytest.param([(f"p{i}", day(0), 5.0) for i in range(50)], id="everybody's first day is today"),
        pytest.param([(f"p{i}", day(i), 5.0 + i) for i in range(200)], id="nobody repeats"),
    ],
)
def test_nobody_repeats(purchases: list[Purchase]) -> None:
    model, reason = reasons(whole(purchases))
    assert model == "constant_rate"
    assert "too few repeat customers: 0" in reason
    assert "spend:" in reason


def test_a_few_repeat_customers_share_the_average_rate() -> None:
    connection = whole([(f"p{i}", day(100), 5.0) for i in range(10)] + [("p1", day(50), 5.0)])
    assert connection.execute("select distinct expected_purchases_30 from model.clv_scores").fetchall() == [(pytest.approx(30 / 1000),)]
    # as likely as not after ln 2 / (1 / 1000) days
    expected_on = connection.execute("select distinct expected_next_purchase_on from model.clv_scores").fetchall()
    assert expected_on == [(AS_OF + dt.timedelta(days=694),)]


def test_everybody_is_the_same() -> None:
    model, reason = reasons(whole([(f"p{i}", day(ago), 10.0) for i in range(100) for ago in (80, 60, 30)]))
    assert model == "mbg_nbd"
    assert "spend: all repeat customers spend the same" in reason


def test_somebody_bought_on_five_thousand_days() -> None:
    ordinary = [(f"p{i}", day(ago * (i + 1)), 10.0 + i) for i in range(60) for ago in range(3)]
    connection = whole(ordinary + [("daily", day(ago), 3.0) for ago in range(5001)])
    assert connection.execute("select x from model.clv_scores where person_id = 'daily'").fetchall() == [(5000,)]


def test_a_shop_where_everybody_comes_every_day() -> None:
    connection = whole([(f"p{i}", day(ago), 10.0 + i) for i in range(40) for ago in range(300)])
    assert reasons(connection) == ("mbg_nbd", None)
    ahead = connection.execute("select min(expected_purchases_30), max(expected_purchases_30) from model.clv_scores").fetchall()[0]
    assert all(29 < value < 31 for value in ahead)


def test_a_cohort_of_one_day() -> None:
    random = np.random.default_rng(2)
    purchases = [(f"p{i}", day(ago), 10.0 + i % 7) for i in range(80) for ago in {200, *random.choice(200, random.poisson(2)).tolist()}]
    connection = whole([(person, when, amount) for person, when, amount in purchases])
    assert reasons(connection) == ("mbg_nbd", None)


def test_days_on_which_nothing_or_less_was_paid() -> None:
    """Nothing is spent by some: they have no place in the spend model, and are scored all the same."""
    ordinary = [(f"p{i}", day(ago * (i + 1)), 10.0 + i) for i in range(60) for ago in range(3)]
    connection = whole(ordinary + [("free", day(ago), 0.0) for ago in (50, 20)])
    connection.execute("update intermediate.int_spend_tuples set mean_repeat_cents = -mean_repeat_cents where mean_repeat_cents < 1500")
    clv.fit(connection, SETTINGS, RUN, AS_OF)
    left = connection.execute("select customers from model.clv_runs where model = 'gamma_gamma'").fetchall()
    assert 0 < left[0][0] < 60
    free = connection.execute("select expected_spend from model.clv_scores where person_id = 'free'").fetchall()
    assert free[0][0] > 0


def test_guests_only() -> None:
    model, reason = reasons(whole([(f"guest{i}", day(i), 5.0 + i) for i in range(50)]))
    assert (model, "guest order" in reason) == ("guest", True)


def test_amounts_of_any_size() -> None:
    whole([(f"p{i}", day(ago * (i + 1)), 1e11 + 1e9 * ago) for i in range(60) for ago in range(4)])
    whole([(f"p{i}", day(ago * (i + 1)), 0.01) for i in range(60) for ago in range(4)])


people = st.lists(
    st.tuples(st.booleans(), st.lists(st.integers(0, 900), min_size=1, max_size=12), st.floats(0.01, 1e6)), min_size=0, max_size=40
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=people, margin=st.sampled_from([None, 0.3, -0.5]))
def test_no_population_yields_a_score_that_is_no_number(people: list[tuple[bool, list[int], float]], margin: float | None) -> None:
    purchases = [
        (f"{'guest' if guest else 'p'}{i}", day(ago), round(amount, 2))
        for i, (guest, days, amount) in enumerate(people)
        for ago in (days[:1] if guest else days)
    ]
    whole(purchases, margin)
