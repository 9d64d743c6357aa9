"""The scores: lifetimes' own formulas through SQL, money to a horizon, and everybody present."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.horizons import Calendar
from goodwill.settings.business import BusinessSettings, Clv, Margin

from tests.unit.clv.histories import AS_OF, RUN, cdnow_cohort, cdnow_sample, warehouse_of

CDNOW_DAY = dt.date(1997, 9, 30)


def scored(
    connection: duckdb.DuckDBPyConnection, settings: BusinessSettings | None = None, as_of: dt.date = CDNOW_DAY
) -> duckdb.DuckDBPyConnection:
    chosen = settings or BusinessSettings(clv=Clv(prior=False, models=("mbg_nbd",)))
    clv.fit(connection, chosen, RUN, as_of)
    clv.score(connection, chosen, RUN, as_of)
    return connection


def columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[np.ndarray]:
    return [np.asarray(values) for values in connection.execute(query).fetchnumpy().values()]


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("model", ["mbg_nbd", "bg_nbd"])
def test_scores_are_lifetimes_own(model: str) -> None:
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

    connection = scored(cdnow_sample(), BusinessSettings(clv=Clv(scoring_model=model, models=())))  # type: ignore[arg-type]
    import pandas as pd

    names = one(connection, f"select r, alpha, a, b from model.clv_runs where model = '{model}'")
    oracle = (ModifiedBetaGeoFitter if model == "mbg_nbd" else BetaGeoFitter)()
    oracle.params_ = pd.Series(names, index=["r", "alpha", "a", "b"])
    spend = GammaGammaFitter()
    spend.params_ = pd.Series(one(connection, "select p, q, v from model.clv_runs where model = 'gamma_gamma'"), index=["p", "q", "v"])
    x, t_x, age, repeat, alive, e30, e90, e180, e365, money, rate, value = columns(
        connection,
        """
        select facts.x, facts.t_x_days / 7.0 as t_x, facts.age_days / 7.0 as age, cast(repeat_amount as double) as repeat_amount, p_alive,
            expected_purchases_30, expected_purchases_90, expected_purchases_180, expected_purchases_365, expected_spend,
            scores.margin_rate, cast(expected_value_365 as double) as value_365
        from model.clv_scores as scores inner join intermediate.int_customer_facts as facts using (person_id)
        """,
    )
    assert alive == pytest.approx(oracle.conditional_probability_alive(x, t_x, age), rel=1e-9)
    for days, expected in ((30, e30), (90, e90), (180, e180), (365, e365)):
        published = oracle.conditional_expected_number_of_purchases_up_to_time(days / 7, x, t_x, age)
        assert expected == pytest.approx(np.asarray(published), rel=1e-9)
        # P(alive) is in the published expression already: a second time would lose a third of the sales
        assert expected.sum() > 1.1 * (np.asarray(published) * alive).sum() or model == "bg_nbd"
    mean = np.where(repeat > 0, repeat / np.maximum(x, 1), 0.0)
    assert money == pytest.approx(np.asarray(spend.conditional_expected_average_profit(np.where(mean > 0, x, 0), mean)), rel=1e-9)
    assert value == pytest.approx(e365 * money * rate, abs=0.006)


def test_one_time_buyers_may_be_gone() -> None:
    """Of CDNOW's 14,119 one-time buyers 14.6 % bought again in the next 39 weeks: certainly alive they were not."""
    connection = scored(cdnow_cohort())
    assert one(connection, "select count(*), round(avg(p_alive), 3) from model.clv_scores where x = 0") == (14119, 0.341)
    bg = scored(cdnow_sample(), BusinessSettings(clv=Clv(scoring_model="bg_nbd", models=())))
    assert one(bg, "select min(p_alive), max(p_alive) from model.clv_scores where x = 0") == (1.0, 1.0)


def test_a_year_is_twelve_months_of_365_25_days() -> None:
    """Undiscounted, CLV 12 is what is expected in 365.25 days, not in 12 months of 30 days."""
    connection = scored(cdnow_sample(), BusinessSettings(clv=Clv(annual_discount_rate=0.0, models=())))
    year, value_365 = one(connection, "select sum(clv_12), sum(expected_value_365) from model.clv_scores")
    assert float(year) / float(value_365) == pytest.approx(1 + 0.25 / 365, abs=2e-4)  # type: ignore[arg-type]
    assert Calendar(0.1).days[4 + 11] == 365.25
    assert Calendar(0.1).days[-1] == pytest.approx(3 * 365.25)


def test_discount_counts_from_the_middle_of_each_month() -> None:
    per_day = Calendar(0.10).columns(Calendar(0.10).days)
    month = 365.25 / 12
    by_hand = sum(month / (1 + (1.10 ** (1 / 12) - 1)) ** (k - 0.5) for k in range(1, 13))
    assert per_day["discounted_12"] == pytest.approx(by_hand, rel=1e-12)
    assert per_day["at_30"] == 30.0
    assert per_day["discounted_36"] > per_day["discounted_24"] > per_day["discounted_12"]


def test_longer_horizons_are_worth_more(cdnow: duckdb.DuckDBPyConnection) -> None:
    assert one(cdnow, "select count(*) from model.clv_scores where not (0 <= clv_12 and clv_12 <= clv_24 and clv_24 <= clv_36)") == (0,)
    assert one(cdnow, "select count(*) from model.clv_scores where clv_12 < clv_24 and clv_24 < clv_36")[0] > 2300  # type: ignore[operator]


def test_everybody_is_scored_and_guests_are_said_to_be_guests() -> None:
    connection = cdnow_sample()
    connection.execute(
        "insert into intermediate.int_customer_facts by name select * replace ('guest1' as person_id, true as is_guest) "
        "from intermediate.int_customer_facts where x = 0 limit 1"
    )
    scored(connection)
    assert one(connection, "select count(*), count(distinct person_id) from model.clv_scores") == (2358, 2358)
    *guest, reason = one(
        connection,
        "select model_used, p_alive, expected_purchases_365, clv_12, expected_next_purchase_on, fallback_reason "
        "from model.clv_scores where person_id = 'guest1'",
    )
    assert guest == ["guest", 0.0, 0.0, Decimal("0.00"), None]
    assert "guest order" in str(reason)
    assert one(connection, "select count(*) from model.clv_scores where fallback_reason is not null") == (1,)
    # nor is anything said to be possible, although somebody identified has the same history
    assert one(
        connection, "select count(purchases_365_high_95), count(clv_12_high_95) from model.clv_scores where model_used = 'guest'"
    ) == (0, 0)


def test_next_purchase_is_the_day_by_which_it_is_as_likely_as_not(cdnow: duckdb.DuckDBPyConnection) -> None:
    r, alpha = one(cdnow, "select r, alpha from model.clv_runs where model = 'mbg_nbd'")
    rows = cdnow.execute("select x, age_days, p_alive, expected_next_purchase_on from model.clv_scores").fetchall()
    dated = [row for row in rows if row[3] is not None]
    assert dated
    assert all(alive > 0.5 for _, _, alive, _ in dated)
    for x, age, alive, on in dated:
        by_then, day_before = (
            alive * (1 - ((alpha + age / 7) / (alpha + (age + days) / 7)) ** (r + x))
            for days in ((on - CDNOW_DAY).days, (on - CDNOW_DAY).days - 1)
        )
        assert by_then >= 0.5 - 1e-9
        assert day_before < 0.5
    far_off = [row for row in rows if row[3] is None and row[2] > 0.5]
    for x, age, alive, _ in far_off:
        assert alive * (1 - ((alpha + age / 7) / (alpha + (age + 1096) / 7)) ** (r + x)) < 0.5


BASIS = "select margin_rate, value_basis, margin_is_assumed from model.clv_scores"
PURCHASES = [(f"p{person}", AS_OF - dt.timedelta(days=40 * event + person), 10.0 + person) for person in range(4) for event in range(2)]


def test_margin_rate_is_shrunk_to_everybodys() -> None:
    connection = warehouse_of(PURCHASES, margin=0.2)
    connection.execute("update intermediate.int_customer_facts set margin_amount = -22 where person_id = 'p1'")
    scored(connection, as_of=AS_OF)
    mean, everybody = 92.0 / 8, (0.2 * (92 - 22) - 22) / 92
    own = (-22 + 5 * mean * everybody) / (22 + 5 * mean)
    rate, basis, assumed = one(connection, f"{BASIS} where person_id = 'p1'")
    assert rate == pytest.approx(own, rel=1e-9)
    assert (basis, assumed) == ("margin", False)
    assert -1 < float(rate) < everybody  # type: ignore[arg-type]


def test_worth_less_than_nothing_is_allowed() -> None:
    connection = scored(warehouse_of(PURCHASES, margin=-0.3), as_of=AS_OF)
    assert one(connection, "select max(clv_12) < 0, min(margin_rate) < 0 from model.clv_scores") == (True, True)


def test_without_any_margin_values_are_revenue_and_say_so() -> None:
    connection = scored(warehouse_of(PURCHASES), as_of=AS_OF)
    assert set(connection.execute(BASIS).fetchall()) == {(1.0, "revenue", False)}


def test_an_assumed_margin_is_marked() -> None:
    connection = scored(warehouse_of(PURCHASES), BusinessSettings(margin=Margin(assumed_rate=0.25)), as_of=AS_OF)
    assert set(connection.execute(BASIS).fetchall()) == {(0.25, "assumed_margin", True)}
    partly = warehouse_of(PURCHASES, margin=0.2)
    partly.execute("update intermediate.int_customer_facts set margin_amount = null where person_id = 'p2'")
    scored(partly, as_of=AS_OF)
    rows = partly.execute("select person_id, value_basis, margin_is_assumed from model.clv_scores where margin_is_assumed").fetchall()
    assert rows == [("p2", "assumed_margin", True)]


def test_cost_to_serve_is_taken_off_margins_only() -> None:
    cheap, dear, revenue = warehouse_of(PURCHASES, margin=0.2), warehouse_of(PURCHASES, margin=0.2), warehouse_of(PURCHASES)
    for connection in (dear, revenue):
        connection.execute("update intermediate.int_customer_facts set cost_to_serve_amount = 100 where person_id = 'p3'")
    for connection in (cheap, dear, revenue):
        scored(connection, as_of=AS_OF)
    age = 43.0
    population = 100 / sum(40 + person for person in range(4))
    a_day = (100 + 90 * population) / (age + 90)
    value = "select expected_value_365 from model.clv_scores where person_id = 'p3'"
    (before,), (after,) = one(cheap, value), one(dear, value)
    assert float(before) - float(after) == pytest.approx(365 * a_day, abs=0.011)  # type: ignore[arg-type]
    assert one(dear, "select clv_12 < 0 from model.clv_scores where person_id = 'p3'") == (True,)
    assert one(revenue, "select max(cost_to_serve_per_day) from model.clv_scores") == (0.0,)


def test_scores_do_not_move_from_run_to_run() -> None:
    first, second = scored(cdnow_sample()), scored(cdnow_sample())
    query = "select * from model.clv_scores order by person_id"
    assert first.execute(query).fetchall() == second.execute(query).fetchall()


def test_scores_of_another_run_are_not_read() -> None:
    connection = cdnow_sample()
    clv.fit(connection, BusinessSettings(), "another run", CDNOW_DAY)
    figures = clv.score(connection, BusinessSettings(), RUN, CDNOW_DAY)
    assert figures["scored_by_constant_rate"] == 2357
