"""The purchase models' formulas: published expressions, limits, and numbers far from the usual."""

from __future__ import annotations

import numpy as np
import pytest
from goodwill.clv.intervals import count_grid
from goodwill.clv.outlooks import Outlook, outlook_of
from goodwill.clv.outlooks.beta_geometric import BetaGeometricOutlook, expected_purchases_if_alive
from goodwill.clv.outlooks.counting import at_least
from goodwill.clv.outlooks.pareto import ParetoOutlook
from goodwill.clv.tuples import PurchaseTuples
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import betainc, hyp2f1

MBG = BetaGeometricOutlook("mbg_nbd", 0.5248, 6.1831, 0.8914, 1.6140)
BG = BetaGeometricOutlook("bg_nbd", 0.242595, 4.413602, 0.792922, 2.425907)
PARETO = ParetoOutlook("pareto_nbd", 0.55328, 10.5777, 0.60624, 11.6687)


@pytest.mark.parametrize("parameters", [MBG, BG], ids=["mbg", "bg"])
@pytest.mark.parametrize("x", [0, 1, 7, 29])
def test_expected_purchases_are_the_published_expression(parameters: BetaGeometricOutlook, x: int) -> None:
    weeks, age = np.array([1.0, 13.0, 52.0, 156.0]), 38.86
    r, alpha, a, b = parameters.r + x, parameters.alpha + age, parameters.a, parameters.b + x + parameters.drop_out_occasions
    published = (a + b - 1) / (a - 1) * (1 - hyp2f1(r, b, a + b - 1, weeks / (alpha + weeks)) * (alpha / (alpha + weeks)) ** r)
    assert expected_purchases_if_alive(parameters, x, weeks / alpha) == pytest.approx(published, rel=1e-10)


def test_expected_purchases_have_a_value_where_the_published_expression_has_none() -> None:
    near, at = (BetaGeometricOutlook("mbg_nbd", 0.5, 6.0, a, 1.6) for a in (1 + 1e-7, 1.0))
    time = np.array([0.1, 1.0, 30.0])
    assert expected_purchases_if_alive(at, 3, time) == pytest.approx(expected_purchases_if_alive(near, 3, time), rel=1e-6)


def test_new_customer_of_a_shop_that_nobody_leaves() -> None:
    """Three years ahead of the first day: scipy's 2F1 answers this with a number of 20 digits."""
    parameters = BetaGeometricOutlook("mbg_nbd", 1.413995, 0.15, 1e-6, 500.0)
    expected = expected_purchases_if_alive(parameters, 0, np.array([156.0 / 0.15]))
    assert expected[0] == pytest.approx(1.413995 * 156.0 / 0.15, rel=1e-5)


@given(r=st.floats(0.01, 50.0), a=st.floats(0.003, 50.0), b=st.floats(0.01, 2000.0), x=st.integers(0, 5000), alpha=st.floats(0.01, 50.0))
def test_many_times_at_once_give_what_each_gives_alone(r: float, a: float, b: float, x: int, alpha: float) -> None:
    """Many are interpolated, a few are integrated."""
    outlook = BetaGeometricOutlook("mbg_nbd", r, alpha, a, b)
    times = np.concatenate([[0.0], np.geomspace(4 / 900, 160, 599)]) / alpha
    some = times[::100]
    assert expected_purchases_if_alive(outlook, x, times)[::100] == pytest.approx(expected_purchases_if_alive(outlook, x, some), rel=1e-9)


@given(shape=st.floats(0.01, 5000.0), shares=st.lists(st.floats(1e-9, 0.999), min_size=1, max_size=4))
def test_counts_one_by_one_are_the_published_function(shape: float, shares: list[float]) -> None:
    counts, share = np.arange(1.0, 121.0), np.array(shares)
    assert at_least(counts, shape, share) == pytest.approx(betainc(counts, shape, share[:, None]), abs=1e-11)


@pytest.mark.parametrize("shape", [0.6, 12.0, 900.0])
def test_counts_that_go_on_in_steps_are_the_published_function_too(shape: float) -> None:
    counts, share = count_grid(3000.0), np.array([1e-9, 0.1, 0.5, 0.9, 0.99])
    assert counts[-1] > len(counts)
    for asked in (counts, counts[120:], counts[-1:]):
        assert at_least(asked, shape, share) == pytest.approx(betainc(asked, shape, share[:, None]), abs=1e-11)


def test_no_time_ahead_no_purchases() -> None:
    assert expected_purchases_if_alive(MBG, 4, np.zeros(2)).tolist() == [0.0, 0.0]


def history(x: int, t_x: int, age: int) -> PurchaseTuples:
    """One customer, in days."""
    return PurchaseTuples.of(*(np.array([value]) for value in (x, t_x, age, 1)))


def test_bg_nbd_takes_every_one_time_buyer_for_alive_and_the_others_do_not() -> None:
    assert BG.p_alive(history(0, 0, 1400))[0] == 1.0
    assert MBG.p_alive(history(0, 0, 1400))[0] < 0.25
    assert PARETO.p_alive(history(0, 0, 1400))[0] < 0.25
    assert BG.p_alive(history(1, 35, 1400))[0] < 1.0


@pytest.mark.parametrize("x", [0, 1, 7, 29])
def test_pareto_expectations_are_those_of_lifetimes(x: int) -> None:
    import pandas as pd
    from lifetimes import ParetoNBDFitter

    oracle = ParetoNBDFitter()
    oracle.params_ = pd.Series([PARETO.r, PARETO.alpha, PARETO.s, PARETO.beta], index=["r", "alpha", "s", "beta"])
    customer = history(x, 20 * x, 700)
    alive = PARETO.p_alive(customer)[0]
    assert alive == pytest.approx(float(np.ravel(oracle.conditional_probability_alive(x, 20 * x / 7, 100.0))[0]), rel=1e-9)
    weeks = np.array([1.0, 13.0, 52.0, 156.0])
    theirs = [float(np.ravel(oracle.conditional_expected_number_of_purchases_up_to_time(t, x, 20 * x / 7, 100.0))[0]) for t in weeks]
    assert alive * PARETO.expected_if_alive(x, np.array([100.0]), weeks)[0] == pytest.approx(theirs, rel=1e-9)


def test_pareto_has_a_value_where_the_published_expression_has_none() -> None:
    near, at = (ParetoOutlook("pareto_nbd", 0.5, 10.0, s, 12.0) for s in (1 + 1e-7, 1.0))
    age, weeks = np.array([30.0]), np.array([1.0, 52.0, 156.0])
    assert at.expected_if_alive(3, age, weeks) == pytest.approx(near.expected_if_alive(3, age, weeks), rel=1e-6)


@pytest.mark.parametrize("outlook", [MBG, BG, PARETO], ids=["mbg", "bg", "pareto"])
@pytest.mark.parametrize("x", [0, 3, 60])
def test_the_chances_of_each_number_of_purchases_add_up_to_their_expectation(outlook: Outlook, x: int) -> None:
    age, counts = np.array([0.0, 40.0, 300.0]), np.arange(1.0, 4000.0)
    for weeks in (4.0, 52.0, 156.0):
        tail = outlook.tail_if_alive(x, age, weeks, counts)
        assert (np.diff(tail) <= 1e-12).all()
        assert tail.sum(axis=1) == pytest.approx(outlook.expected_if_alive(x, age, np.array([weeks]))[:, 0], rel=2e-3)


@pytest.mark.parametrize("outlook", [MBG, BG, PARETO], ids=["mbg", "bg", "pareto"])
def test_half_of_all_have_bought_again_by_the_day_that_is_named(outlook: Outlook) -> None:
    customer = history(6, 150, 160)
    alive = outlook.p_alive(customer)
    days = float(outlook.days_to_next(customer, alive)[0])
    by_then = alive * outlook.tail_if_alive(6, customer.age, days / 7, np.ones(1))[:, 0]
    assert by_then == pytest.approx(0.5, abs=0.002)
    assert not np.isfinite(outlook.days_to_next(customer, np.array([0.49])))[0]


positive = st.floats(0.01, 50.0)


@given(
    model=st.sampled_from(["mbg_nbd", "bg_nbd", "pareto_nbd"]),
    r=positive,
    alpha=positive,
    a=st.floats(0.003, 50.0),
    b=st.floats(0.01, 2000.0),
    x=st.integers(0, 5000),
    age=st.integers(0, 7000),
    t_x=st.floats(0, 1),
)
@example(model="mbg_nbd", r=10.0, alpha=1.0, a=1.0, b=0.01, x=0, age=0, t_x=0.0)
def test_scores_are_numbers_within_their_bounds(
    model: str, r: float, alpha: float, a: float, b: float, x: int, age: int, t_x: float
) -> None:
    outlook = outlook_of(model, {"r": r, "alpha": alpha, "a": a, "b": b, "s": a, "beta": b})  # type: ignore[arg-type]
    x = min(x, age)
    customer = history(x, max(x, int(age * t_x)) if x else 0, age)
    weeks = np.array([1.0, 4.3, 52.0, 156.0])
    expected = outlook.expected_if_alive(x, customer.age, weeks)[0]
    # nobody buys more than at the mean rate without drop-out, and more time never means less
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert (expected <= (r + x) * weeks / (alpha + age / 7) * (1 + 1e-9)).all()
    assert (np.diff(expected) >= -1e-9 * expected[1:]).all()
    alive = outlook.p_alive(customer)
    assert 0 <= alive[0] <= 1
    tail = outlook.tail_if_alive(x, customer.age, 52.0, np.array([1.0, 2.0, 10.0, 5000.0]))[0]
    assert ((tail >= 0) & (tail <= 1)).all()
    assert outlook.days_to_next(customer, alive)[0] >= 0
