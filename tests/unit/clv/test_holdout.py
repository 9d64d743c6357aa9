"""Holdout, measures, choice and gate."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.choosing import choose, judge, loss
from goodwill.clv.holdout import Holdout, forecast, is_telling, measure_models, read_holdout
from goodwill.clv.measuring import deciles, gini, measure, spearman
from goodwill.clv.outlooks import outlook_of
from goodwill.settings.business import BusinessSettings

from tests.unit.clv.histories import AS_OF, CDNOW_WHOLE, RUN, cdnow_sample, warehouse_of


def test_only_what_was_known_at_the_cut_is_read() -> None:
    """A fits the rule on every side: before, on, after the cut; B came after it; C is a guest; D bought nothing since."""
    cut = AS_OF - dt.timedelta(weeks=4)
    days = {"a": (-40, -28, -29, 0, 1, 27, 28), "b": (1, 5), "guest1": (-3,), "d": (-60,)}
    purchases = [(person, cut + dt.timedelta(days=day), 5.0) for person, offsets in days.items() for day in offsets]
    crowd = [(f"p{i}", cut + dt.timedelta(days=day), 5.0) for i in range(60) for day in (-50, 3)]
    held = read_holdout(warehouse_of(purchases + crowd), AS_OF, 4)
    assert isinstance(held, Holdout)
    assert held.cut == cut
    rows = zip(
        held.tuples.x[held.place],
        held.tuples.t_x_days[held.place],
        held.tuples.age_days[held.place],
        held.actual,
        held.previous,
        held.customers,
        strict=True,
    )
    assert sorted(tuple(int(value) for value in row) for row in rows) == [(0, 0, 50, 1, 0, 60), (0, 0, 60, 0, 0, 1), (3, 40, 40, 3, 1, 1)]
    assert held.by_week.tolist() == [61, 0, 0, 2]


def test_too_little_is_not_judged() -> None:
    few = [(f"p{i}", AS_OF - dt.timedelta(days=day), 5.0) for i in range(49) for day in (90, 3, 2)]
    assert "at least 50" in str(read_holdout(warehouse_of(few), AS_OF, 4))
    enough = [*few, ("one more", AS_OF - dt.timedelta(days=90), 5.0)]
    assert isinstance(read_holdout(warehouse_of(enough), AS_OF, 4), Holdout)
    assert "shorter than" in str(read_holdout(warehouse_of(enough), AS_OF, 12))


def test_a_shop_that_stands_still_is_judged_by_what_was_forecast() -> None:
    """Nobody has bought for thirteen weeks: too little happened to count, but not too little was promised."""
    purchases = [(f"p{i}", AS_OF - dt.timedelta(days=day), 5.0) for i in range(60) for day in range(91 + i % 7, 460, 20 + i)]
    connection = warehouse_of(purchases)
    clv.fit(connection, BusinessSettings(), RUN, AS_OF)
    ((gate, said),) = connection.execute("select gate, gate_message from model.clv_runs where gate is not null").fetchall()
    assert gate == "failed"
    assert said.endswith("the forecast was 128 purchases, and none happened")
    assert connection.execute("select count(*) from model.clv_runs where is_scoring_model").fetchall() == [(0,)]


def test_enough_is_what_happened_or_what_was_forecast() -> None:
    few, many = {"predicted": 49.9, "actual": 49}, {"predicted": 50.0, "actual": 0}
    assert not is_telling([few, {"message": "not fitted"}])
    assert is_telling([few, many])
    assert is_telling([few | {"actual": 50}])


def test_every_model_is_measured_on_cdnow_and_beats_the_naive_rule() -> None:
    held = read_holdout(cdnow_sample(CDNOW_WHOLE), CDNOW_WHOLE, 26)
    assert isinstance(held, Holdout)
    results = {result["model"]: result for result in measure_models(held, ["mbg_nbd", "bg_nbd", "pareto_nbd"], 30, True, {})}
    naive = results.pop("same_as_last_period")
    for model, result in results.items():
        assert abs(result["bias"]) < 0.25, model
        assert abs(result["bias"]) < abs(naive["bias"])
        assert result["mae"] < naive["mae"]
        assert 0.3 < result["gini"] < 1
        assert sum(tenth["actual"] for tenth in result["deciles"]) == pytest.approx(result["actual"])
        assert sum(tenth["predicted"] for tenth in result["deciles"]) == pytest.approx(result["predicted"], rel=1e-4)
        assert result["tracking"][-1] == {"week": 26, "predicted": pytest.approx(result["predicted"], abs=1e-3), "actual": result["actual"]}
    # what is measured is what comes after the cut, not what has come in all
    assert results["mbg_nbd"]["actual"] == held.by_week.sum()


def test_forecast_is_the_outlook_times_p_alive() -> None:
    held = read_holdout(cdnow_sample(CDNOW_WHOLE), CDNOW_WHOLE, 13)
    assert isinstance(held, Holdout)
    outlook = outlook_of("mbg_nbd", {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140})
    ahead = forecast(outlook, held.tuples, 13)
    row = 700
    own = outlook.expected_if_alive(int(held.tuples.x[row]), held.tuples.age[[row]], np.array([1.0, 13.0]))[0]
    assert ahead[row, [0, 12]] == pytest.approx(own * outlook.p_alive(held.tuples)[row], rel=1e-12)


def test_measures_by_hand() -> None:
    predicted, actual, customers = np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.0, 4.0]), np.array([6.0, 2.0, 2.0])
    found = measure(predicted, actual, customers)
    assert (found.customers, found.predicted, found.actual) == (10, 8.0, 14)
    assert found.bias == pytest.approx(8 / 14 - 1, abs=1e-6)
    assert found.mae == pytest.approx((6 + 2 + 2) / 10)
    every = [np.repeat(column, customers.astype(int)) for column in (predicted, actual)]
    from scipy.stats import spearmanr

    assert found.spearman == pytest.approx(spearmanr(*every).statistic, abs=1e-6)


def test_gini_of_hindsight_is_one_and_of_no_knowledge_is_nothing() -> None:
    random = np.random.default_rng(1)
    actual, ones = random.poisson(2, 500).astype(float), np.ones(500)
    assert measure(actual, actual, ones).gini == pytest.approx(1.0)
    assert gini(ones, actual, ones) == pytest.approx(0.0, abs=1e-12)
    assert measure(-actual + 20, actual, ones).gini < -0.9
    assert spearman(ones, actual, ones) == 0.0


def test_tenths_split_equal_customers_by_their_share() -> None:
    tenths = deciles(np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([15.0, 5.0]))
    assert [tenth.customers for tenth in tenths] == [2.0] * 10
    assert [tenth.predicted for tenth in tenths] == [2.0] * 7 + [3.0, 4.0, 4.0]
    assert [tenth.actual for tenth in tenths] == [0.0] * 7 + [1.0, 2.0, 2.0]


def result(model: str, bias: float, mae: float = 0.4, error: float = 0.1, cut: str = "2024-01-01") -> dict[str, Any]:
    return {"model": model, "cut_on": cut, "weeks": 13, "bias": bias, "mae": mae, "decile_error": error}


NAIVE = result("same_as_last_period", 0.4, 0.5, 0.9)


@pytest.mark.parametrize(
    ("bias", "mae", "verdict"),
    [
        (0.0, 0.4, "passed"),
        (0.99, 0.4, "passed"),
        (1.01, 0.4, "failed"),
        (-0.49, 0.4, "passed"),
        (-0.51, 0.4, "failed"),
        (0.45, 0.6, "failed"),
        (0.35, 0.6, "passed"),
        (0.45, 0.45, "passed"),
    ],
)
def test_gate_on_both_sides(bias: float, mae: float, verdict: str) -> None:
    gate = judge([NAIVE, result("mbg_nbd", bias, mae)], "mbg_nbd", 2.0)
    assert gate.verdict == verdict
    assert "13 weeks after 2024-01-01" in gate.message


@pytest.mark.parametrize(
    ("season", "predicted", "actual", "verdict"),
    [
        (0.0, 346.0, 0, "not judged"),
        (0.1, 346.0, 49, "not judged"),
        (0.1, 346.0, 70, "failed"),
        (0.25, 346.0, 100, "passed"),
        (4.0, 300.0, 1100, "passed"),
        (4.0, 300.0, 2401, "failed"),
        (0.6, 346.0, 100, "failed"),
        (None, 346.0, 100, "failed"),
    ],
    ids=[
        "nothing in season",
        "next to nothing",
        "more than the season",
        "a low one",
        "a high one",
        "more than that",
        "no strong season",
        "not known",
    ],
)
def test_weeks_of_a_strong_season_are_judged_by_it(season: float | None, predicted: float, actual: int, verdict: str) -> None:
    found = result("mbg_nbd", predicted / max(actual, 1) - 1) | {"predicted": predicted, "actual": actual}
    gate = judge([found if season is None else found | {"season": season}], "mbg_nbd", 2.0)
    assert gate.verdict == verdict
    assert ("a year before" in gate.message) is (verdict != "failed")


def test_the_gate_looks_at_the_latest_cut_and_may_have_nothing_to_judge() -> None:
    both = [NAIVE, result("mbg_nbd", 0.0, cut="2024-01-01"), result("mbg_nbd", 3.0, cut="2023-01-01")]
    assert judge(both, "mbg_nbd", 2.0).verdict == "passed"
    assert judge([], "mbg_nbd", 2.0).verdict == "not judged"
    unfitted = judge([{"model": "mbg_nbd", "cut_on": "2024-01-01", "weeks": 13, "message": "too few"}], "mbg_nbd", 2.0)
    assert (unfitted.verdict, "too few" in unfitted.message) == ("not judged", True)


def test_a_model_takes_over_only_when_better_twice_running() -> None:
    better = [NAIVE, result("mbg_nbd", 0.2), result("pareto_nbd", 0.1)]
    worse = [NAIVE, result("mbg_nbd", 0.1), result("pareto_nbd", 0.2)]
    model, streak, why = choose(better, "mbg_nbd", {})
    assert (model, streak) == ("mbg_nbd", {"pareto_nbd": 1})
    assert "takes over if it is so again" in why
    assert choose(worse, "mbg_nbd", streak)[:2] == ("mbg_nbd", {})
    model, streak, why = choose(better, "mbg_nbd", streak)
    assert (model, streak) == ("pareto_nbd", {})
    assert "takes over" in why
    assert choose([NAIVE, result("mbg_nbd", 0.2)], "mbg_nbd", {"pareto_nbd": 1})[0] == "mbg_nbd"


def test_loss_needs_every_cut() -> None:
    cuts = [NAIVE, result("mbg_nbd", 0.2), NAIVE | {"cut_on": "2023-01-01"}, result("mbg_nbd", -0.4, cut="2023-01-01")]
    assert loss(cuts, "mbg_nbd") == pytest.approx(0.3 + 0.1 + 0.8)
    assert loss([*cuts, {"model": "mbg_nbd", "cut_on": "2022-01-01", "message": "too few"}], "mbg_nbd") is None
    assert loss(cuts, "pareto_nbd") is None
