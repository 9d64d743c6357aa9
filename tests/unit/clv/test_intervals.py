"""The intervals hold what they promise: by customer (randomised PIT), and for groups of customers in all."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.fitting import fit_purchases, fit_spend
from goodwill.clv.intervals import bounds, count_grid
from goodwill.clv.outlooks import ModelName, Outlook, outlook_of
from goodwill.clv.tuples import PurchaseTuples, read_purchase_tuples
from goodwill.settings.business import BusinessSettings, Clv
from numpy.typing import NDArray
from scipy.stats import kstest

from tests.unit.clv.conftest import CDNOW_DAY
from tests.unit.clv.histories import CDNOW_WHOLE, RUN, cdnow_sample, warehouse_of
from tests.unit.clv.populations import Population, simulate
from tests.unit.clv.test_anchors import holdout_purchases

Floats = NDArray[np.float64]

SHOPS: dict[ModelName, dict[str, float]] = {
    "mbg_nbd": {"r": 0.6, "alpha": 7.0, "a": 0.8, "b": 2.4},
    "bg_nbd": {"r": 0.6, "alpha": 7.0, "a": 0.8, "b": 2.4},
    "pareto_nbd": {"r": 0.7, "alpha": 8.0, "s": 0.6, "beta": 14.0},
}


def pit(outlook: Outlook, tuples: PurchaseTuples, actual: NDArray[np.int64], weeks: float, seed: int) -> Floats:
    """Randomised probability integral transform of each customer: uniform where the predictive distributions are right."""
    random = np.random.default_rng(seed)
    alive = outlook.p_alive(tuples)
    result = np.empty(len(actual))
    for x in np.unique(tuples.x):
        part = np.flatnonzero(tuples.x == x)
        ages, place = np.unique(tuples.age_days[part], return_inverse=True)
        counts = np.arange(1.0, actual[part].max() + 2.0)
        tail = np.column_stack([np.ones(len(ages)), outlook.tail_if_alive(int(x), ages / 7.0, weeks, counts)])
        tail = tail[place] * alive[part, None]
        tail[:, 0] = 1.0
        rows = np.arange(len(part))
        at_least, more = tail[rows, actual[part]], tail[rows, actual[part] + 1]
        result[part] = 1 - at_least + random.random(len(part)) * (at_least - more)
    return result


@pytest.fixture(scope="module", params=sorted(SHOPS))
def shop(request: pytest.FixtureRequest) -> tuple[ModelName, Outlook, Population]:
    model: ModelName = request.param
    population = simulate(model, SHOPS[model], 12_000, 700, 365, 8)
    run = fit_purchases(model, population.grouped(), 30)
    return model, outlook_of(model, run.parameters), population


def test_predictive_distributions_are_right_by_customer(shop: tuple[ModelName, Outlook, Population]) -> None:
    _, outlook, population = shop
    values = pit(outlook, population.tuples, population.ahead, 365 / 7, 5)
    # the shop counts days, the model events: two on one day are one; that costs the heaviest buyers a little
    assert kstest(values, "uniform").statistic < 0.018
    wrong = pit(outlook, population.tuples, population.ahead, 365 / 7 * 1.3, 5)
    assert kstest(wrong, "uniform").statistic > 0.02


def surely_there(outlook: Outlook, tuples: PurchaseTuples) -> NDArray[np.bool_]:
    """Customers of whom nothing at all is an unlikely answer: with the others one end of the interval stands at 0 and holds more."""
    return (tuples.x >= 5) & (outlook.p_alive(tuples) > 0.9)


def test_intervals_of_purchases_cover(shop: tuple[ModelName, Outlook, Population]) -> None:
    """At least what they promise; counts are whole, so not exactly."""
    model, outlook, population = shop
    tuples = population.tuples
    scale = SHOPS[model]["alpha"]
    found = bounds(outlook, scale, tuples, outlook.p_alive(tuples), {"p": 6.0, "q": 4.0, "v": 15.0})
    buyers = surely_there(outlook, tuples)
    for level in (80, 95):
        low, high = (found[f"purchases_365_{side}_{level}"] for side in ("low", "high"))
        inside = (low <= population.ahead) & (population.ahead <= high)
        assert inside.mean() >= level / 100 - 0.01
        assert inside[buyers].mean() == pytest.approx(level / 100 + 0.03, abs=0.04)
    assert (found["purchases_30_high_95"] <= found["purchases_365_high_95"]).all()


def test_intervals_of_value_cover(shop: tuple[ModelName, Outlook, Population]) -> None:
    model, outlook, population = shop
    tuples = population.tuples
    spend = fit_spend(population.spend(), 30).parameters
    found = bounds(outlook, SHOPS[model]["alpha"], tuples, outlook.p_alive(tuples), spend)
    unit = spend["v"] + population.spent_before
    for level in (80, 95):
        low, high = (found[f"units_12_{side}_{level}"] * unit for side in ("low", "high"))
        inside = (low <= population.spent_ahead) & (population.spent_ahead <= high)
        assert inside.mean() >= level / 100 - 0.01
        assert inside[surely_there(outlook, tuples)].mean() == pytest.approx(level / 100, abs=0.04)


def test_a_total_lies_within_its_own_interval() -> None:
    """Groups of 1,200 customers: the sum of expectations, give or take two deviations of the sum, holds what they bought 19 times in 20."""
    population = simulate("mbg_nbd", SHOPS["mbg_nbd"], 12_000, 700, 365, 9)
    outlook = outlook_of("mbg_nbd", fit_purchases("mbg_nbd", population.grouped(), 30).parameters)
    tuples = population.tuples
    alive = outlook.p_alive(tuples)
    mean, square = np.empty(len(alive)), np.empty(len(alive))
    counts = np.arange(1.0, 600.0)
    for x in np.unique(tuples.x):
        part = tuples.x == x
        ages, place = np.unique(tuples.age_days[part], return_inverse=True)
        tail = outlook.tail_if_alive(int(x), ages / 7.0, 365 / 7, counts)
        mean[part] = tail.sum(axis=1)[place] * alive[part]
        square[part] = (tail * (2 * counts - 1)).sum(axis=1)[place] * alive[part]
    group = np.random.default_rng(3).integers(0, 10, len(alive))
    deviation = np.sqrt(np.bincount(group, square - mean**2))
    off = (np.bincount(group, population.ahead) - np.bincount(group, mean)) / deviation
    assert (np.abs(off) < 2.6).all()
    assert np.std(off) < 1.7


@pytest.mark.parametrize("model", ["mbg_nbd", "pareto_nbd"])
def test_cdnow_holdout_is_covered(model: ModelName) -> None:
    """39 weeks that no model has seen: the 80 % interval of the 39 weeks holds four customers in five, the 95 % one nearly all."""
    tuples, actual = holdout_purchases()
    connection = cdnow_sample()
    run = fit_purchases(model, read_purchase_tuples(connection), 30)
    values = pit(outlook_of(model, run.parameters), tuples, actual.astype(np.int64), 39.0, 1)
    assert ((values > 0.10) & (values < 0.90)).mean() == pytest.approx(0.80, abs=0.03)
    assert ((values > 0.025) & (values < 0.975)).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("model", ["mbg_nbd", "pareto_nbd"])
def test_spend_of_a_year_that_no_model_saw_is_covered(model: ModelName) -> None:
    """CDNOW after 26 weeks, and what the same people paid in the 365 days after: purchases, being there and spend at once, in the published
    bounds. Those who came back are the harder ones: most others spend nothing, and their bounds begin there."""
    cut = dt.date(1997, 6, 30)
    connection = cdnow_sample(cut)
    connection.execute("update intermediate.int_customer_facts set margin_amount = null, margin_rate = null")
    settings = BusinessSettings(clv=Clv(models=(model,), scoring_model=model, annual_discount_rate=0.0))
    clv.fit(connection, settings, RUN, cut)
    clv.score(connection, settings, RUN, cut)
    connection.register("year", cdnow_sample(CDNOW_WHOLE).execute("from intermediate.int_purchase_days").to_arrow_table())
    rows = connection.execute(
        f"""
        select scores.x,
            coalesce(paid.amount, 0) between clv_12_low_80 and clv_12_high_80 as in_80,
            coalesce(paid.amount, 0) between clv_12_low_95 and clv_12_high_95 as in_95
        from model.clv_scores as scores
        left join (
            select person_id, sum(paid_amount) as amount from year where purchased_on > date '{cut}' and purchased_on <= date '{cut}' + 365 group by 1
        ) as paid on scores.person_id = paid.person_id
        where scores.value_basis = 'revenue'
        """
    ).fetchnumpy()
    assert len(rows["x"]) == 2357
    for again in (rows["x"] >= 0, rows["x"] > 0):
        assert rows["in_80"][again].mean() == pytest.approx(0.84, abs=0.04)
        assert rows["in_95"][again].mean() == pytest.approx(0.95, abs=0.03)


def test_published_bounds_are_ordered_and_money_follows_margin() -> None:
    connection = cdnow_sample()
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",)))
    connection.execute("update intermediate.int_customer_facts set margin_amount = -margin_amount where hash(person_id) % 5 = 0")
    clv.fit(connection, settings, RUN, CDNOW_DAY)
    clv.score(connection, settings, RUN, CDNOW_DAY)
    crossed = connection.execute(
        """
        select count(*) from model.clv_scores
        where clv_12_low_80 > clv_12_high_80 or clv_12_low_95 > clv_12_low_80 or clv_12_high_80 > clv_12_high_95
            or purchases_90_low_80 > purchases_90_high_80 or clv_12_low_95 is null
        """
    ).fetchall()
    assert crossed == [(0,)]
    below = connection.execute("select count(*) from model.clv_scores where clv_12 < 0 and clv_12_low_95 < clv_12").fetchall()
    assert below[0][0] > 50


def test_bounds_stay_nested_where_margins_are_all_over_the_place() -> None:
    connection = cdnow_sample()
    connection.execute(
        "update intermediate.int_customer_facts set margin_amount = revenue_amount * (0.05 + 1.9 * ((hash(person_id) % 100) / 100.0 - 0.5))"
    )
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",)))
    clv.fit(connection, settings, RUN, CDNOW_DAY)
    clv.score(connection, settings, RUN, CDNOW_DAY)
    crossed = " or ".join(
        f"clv_{months}_low_95 > clv_{months}_low_80 or clv_{months}_high_80 > clv_{months}_high_95 or clv_{months}_low_80 > clv_{months}_high_80"
        for months in (12, 24, 36)
    )
    assert connection.execute(f"select count(*) from model.clv_scores where {crossed}").fetchall() == [(0,)]


def test_what_is_not_known_of_the_margin_widens_the_interval() -> None:
    alike, unlike = cdnow_sample(), cdnow_sample()
    unlike.execute(
        "update intermediate.int_customer_facts set margin_amount = margin_amount * case when hash(person_id) % 2 = 0 then 0.5 else 1.5 end"
    )
    widths = []
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",)))
    for connection in (alike, unlike):
        clv.fit(connection, settings, RUN, CDNOW_DAY)
        clv.score(connection, settings, RUN, CDNOW_DAY)
        widths.append(
            connection.execute("select avg((clv_12_high_95 - clv_12_low_95) / margin_rate) from model.clv_scores where x > 2").fetchall()[
                0
            ][0]
        )
    assert widths[1] > 1.02 * widths[0]


def test_below_thirty_repeat_customers_no_interval_is_claimed() -> None:
    purchases = [(f"p{i}", CDNOW_DAY - dt.timedelta(days=7 * ago + i), 9.0 + i) for i in range(29) for ago in (30, 20, 3)]
    for people, claimed in ((29, 0), (30, 30)):
        more = [("p29", CDNOW_DAY - dt.timedelta(days=ago), 9.0) for ago in (99, 9)] if people == 30 else []
        connection = warehouse_of(purchases + more, CDNOW_DAY, margin=0.3)
        settings = BusinessSettings(clv=Clv(minimum_repeat_customers=10, models=("mbg_nbd",)))
        clv.fit(connection, settings, RUN, CDNOW_DAY)
        clv.score(connection, settings, RUN, CDNOW_DAY)
        claims = "select count(clv_12_low_80), count(purchases_30_high_95) from model.clv_scores"
        assert connection.execute(claims).fetchall() == [(claimed, claimed)]


def test_the_grid_of_counts_tells_the_first_apart_and_reaches_the_end() -> None:
    assert count_grid(5.0).tolist() == [1, 2, 3, 4, 5]
    grid = count_grid(10_000.0)
    assert grid[:120].tolist() == list(range(1, 121))
    assert grid[-1] >= 10_000
    assert (np.diff(grid) >= 1).all()
    assert len(grid) < 400
