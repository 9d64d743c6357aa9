"""Groups: pooled in part, used only where the holdout says they forecast better."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.fitting import fit_purchases
from goodwill.clv.groups import fit_groups
from goodwill.clv.tuples import PurchaseTuples
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import AS_OF, RUN, group_tuples, warehouse_of
from tests.unit.clv.populations import simulate

TYPICAL = {"r": 0.8, "alpha": 7.0, "a": 0.5, "b": 2.5}
SETTINGS = BusinessSettings(clv=Clv(models=("mbg_nbd",), groups="acquisition_channel", holdout_origins=1))


def merged(*parts: PurchaseTuples) -> PurchaseTuples:
    return PurchaseTuples.of(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "t_x_days", "age_days", "customers"))
    )


def test_small_groups_are_nearly_everybody_and_large_ones_nearly_themselves() -> None:
    sizes = {"huge": (20_000, 1.0), "large": (6_000, 2.0), "middle": (4_000, 0.5), "small": (60, 2.0)}
    groups = {
        name: simulate("mbg_nbd", TYPICAL | {"alpha": TYPICAL["alpha"] / pace}, size, 500, 0, seed).grouped()
        for seed, (name, (size, pace)) in enumerate(sizes.items())
    }
    everybody = fit_purchases("mbg_nbd", merged(*groups.values()), 30)
    pooled = {run.group_name: run.parameters for run in fit_groups("mbg_nbd", groups, everybody)}
    alone = {name: fit_purchases("mbg_nbd", tuples, 10).parameters for name, tuples in groups.items()}

    def pace(parameters: dict[str, float]) -> float:
        return float(np.log(parameters["r"] / parameters["alpha"]))

    assert sorted(pooled) == sorted(groups)
    assert pace(pooled["large"]) == pytest.approx(pace(alone["large"]), abs=0.1)
    assert pace(pooled["large"]) - pace(pooled["middle"]) > 0.8
    distances = [abs(pace(each["small"]) - pace(everybody.parameters)) for each in (pooled, alone)]
    assert distances[0] < distances[1]


def test_one_group_or_none_is_not_pooled() -> None:
    tuples = simulate("mbg_nbd", TYPICAL, 500, 500, 0, 1).grouped()
    everybody = fit_purchases("mbg_nbd", tuples, 30)
    assert fit_groups("mbg_nbd", {"only": tuples}, everybody) == []


def shop(paces: tuple[float, float]) -> duckdb.DuckDBPyConnection:
    """Two channels of 300 customers, first seen evenly over 500 days, who come at their own pace and stay."""
    random = np.random.default_rng(6)
    purchases = []
    for number in range(600):
        first = int(random.integers(5, 500))
        days = np.cumsum(random.exponential(60 / paces[number % 2], 100))
        purchases += [(f"p{number}", AS_OF - dt.timedelta(days=first - int(day)), 10.0 + number % 9) for day in (0.0, *days) if day < first]
    connection = warehouse_of(purchases, margin=0.3)
    connection.execute(
        "update intermediate.int_clv_customers set model_group = case when cast(person_id[2:] as int) % 2 = 0 then 'slow''s' else 'fast' end"
    )
    group_tuples(connection)
    return connection


def test_groups_score_where_they_forecast_better_and_the_holdout_shows_it() -> None:
    connection = shop((0.3, 3.0))
    clv.fit(connection, SETTINGS, RUN, AS_OF)
    clv.score(connection, SETTINGS, RUN, AS_OF)
    losses = dict(connection.execute("select model, loss from model.clv_holdouts").fetchall())
    assert losses["mbg_nbd_by_group"] < losses["mbg_nbd"]
    scoring = connection.execute("select group_name from model.clv_runs where is_scoring_model and model = 'mbg_nbd' order by 1").fetchall()
    assert scoring == [("all",), ("fast",), ("slow's",)]
    paces = connection.execute(
        "select model_group, avg(expected_purchases_365) from model.clv_scores inner join intermediate.int_clv_customers using (person_id) "
        "where age_days < 60 and x = 0 group by 1 order by 1"
    ).fetchall()
    assert paces[0][1] > 1.5 * paces[1][1]
    # a group leans on everybody: that many have to have come back for an interval, not that many of the group
    (everybody,) = connection.execute("select max(repeat_customers) from model.clv_runs where group_name = 'all'").fetchall()[0]
    (largest,) = connection.execute("select max(repeat_customers) from model.clv_runs where group_name <> 'all'").fetchall()[0]
    assert largest < everybody
    for fewest, without in ((everybody, 0), (everybody + 1, 600)):
        changed = SETTINGS.clv.model_copy(update={"minimum_interval_customers": fewest})
        clv.score(connection, SETTINGS.model_copy(update={"clv": changed}), RUN, AS_OF)
        assert connection.execute("select count(*) from model.clv_scores where clv_12_low_80 is null").fetchall() == [(without,)]


def test_groups_that_do_not_help_do_not_score(monkeypatch: pytest.MonkeyPatch) -> None:
    from goodwill.clv import deciding

    monkeypatch.setattr(deciding, "loss", lambda results, model: 1.1 if model.endswith("_by_group") else 1.0)
    connection = shop((1.0, 1.0))
    clv.fit(connection, SETTINGS, RUN, AS_OF)
    clv.score(connection, SETTINGS, RUN, AS_OF)
    scoring = connection.execute("select group_name from model.clv_runs where is_scoring_model and model = 'mbg_nbd'").fetchall()
    assert scoring == [("all",)]
    assert connection.execute("select count(*), count(p_alive) from model.clv_scores").fetchall() == [(600, 600)]
