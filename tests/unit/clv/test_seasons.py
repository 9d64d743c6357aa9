"""Shops with a strong season: what a stretch of weeks brought a year before, and what it does to the gate and to the constant rate."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.seasons import season
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import AS_OF, RUN, Purchase, warehouse_of


def days_ago(person: str, *days: int) -> list[Purchase]:
    return [(person, AS_OF - dt.timedelta(days=ago), 20.0) for ago in days]


def test_an_even_year_has_no_season_whether_the_shop_grows_or_not() -> None:
    steady = [row for person in range(30) for row in days_ago(f"p{person}", *range(person % 10, 800, 10))]
    assert season(warehouse_of(steady), AS_OF, 13) == pytest.approx(1.0, abs=0.02)
    # ten times as many customers at the end of the year as at its beginning, who buy as often
    growing = [row for person in range(300) for row in days_ago(f"p{person}", *range(person % 10, 800 - 2 * person, 10))]
    assert season(warehouse_of(growing), AS_OF, 13) == pytest.approx(1.0, abs=0.05)


def test_weeks_in_season_and_out_of_it() -> None:
    """All of the year's purchases in the first of its weeks, or none of them."""
    once_a_year = [row for person in range(60) for row in days_ago(f"p{person}", *range(340 + person % 20, 2000, 364))]
    assert season(warehouse_of(once_a_year), AS_OF, 13) == pytest.approx(4.0)
    assert season(warehouse_of(once_a_year), AS_OF - dt.timedelta(weeks=13), 13) == 0


def test_what_no_year_tells_is_not_known() -> None:
    few = [row for person in range(49) for row in days_ago(f"p{person}", 100, 400)]
    short = [row for person in range(60) for row in days_ago(f"p{person}", 10, 100, 363)]
    assert season(warehouse_of(few), AS_OF, 13) is None
    assert season(warehouse_of(short), AS_OF, 13) is None
    assert season(warehouse_of(few + days_ago("more", 100, 400)), AS_OF, 13) is not None
    assert season(warehouse_of(few + days_ago("more", 100, 400)), AS_OF, 52) is None
    assert season(warehouse_of([]), AS_OF, 13) is None


def once_a_year(customers: int) -> tuple[list[Purchase], int]:
    """People who are asked once a year, half a year ago for the last time: they give with a chance of their own, and leave with another
    (BG/BB, parameters of the published donations); and how many gifts they make on the next occasion."""
    random = np.random.default_rng(3)
    rows: list[Purchase] = []
    ahead = 0
    for person in range(customers):
        gives, leaves = random.beta(1.204, 0.750), random.beta(0.657, 2.783)
        occasions, lives = int(random.integers(2, 8)), int(random.geometric(leaves)) - 1
        given = [0, *(k for k in range(1, occasions + 2) if k <= lives and random.random() < gives)]
        rows += days_ago(f"p{person}", *(182 + 365 * (occasions - k) + int(random.integers(-20, 21)) for k in given if k <= occasions))
        ahead += given[-1] > occasions
    return rows, ahead


@pytest.mark.parametrize("fewest", [30, 10**6], ids=["a model scores", "none does"])
def test_a_shop_that_sells_once_a_year_is_not_taken_for_one_that_stands_still(fewest: int) -> None:
    """Nothing was bought in the last thirteen weeks, nor in those of a year before: the next year is expected as the last ones were."""
    rows, ahead = once_a_year(1500)
    connection = warehouse_of(rows, margin=0.3)
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), scoring_model="mbg_nbd", minimum_repeat_customers=fewest))
    clv.fit(connection, settings, RUN, AS_OF)
    clv.score(connection, settings, RUN, AS_OF)
    expected, models = connection.execute("select sum(expected_purchases_365), any_value(model_used) from model.clv_scores").fetchall()[0]
    assert models == ("mbg_nbd" if fewest == 30 else "constant_rate")
    assert expected / ahead == pytest.approx(1.0, abs=0.2)


def test_a_shop_that_really_stands_still_is_stopped_all_the_same() -> None:
    """The same people bought evenly until half a year ago, and nothing since."""
    random = np.random.default_rng(4)
    rows = [row for person in range(300) for row in days_ago(f"p{person}", *np.unique(random.integers(182, 1200, 12)).tolist())]
    connection = warehouse_of(rows, margin=0.3)
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), scoring_model="mbg_nbd"))
    clv.fit(connection, settings, RUN, AS_OF)
    clv.score(connection, settings, RUN, AS_OF)
    assert connection.execute("select distinct gate from model.clv_runs where gate is not null").fetchall() == [("failed",)]
    ((expected,),) = connection.execute("select sum(expected_purchases_90) from model.clv_scores").fetchall()
    assert expected < 0.1 * 300 * 12 * 90 / 1018
