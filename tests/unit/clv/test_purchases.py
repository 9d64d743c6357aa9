"""The purchase models' formulas: published expressions, limits, and numbers far from the usual."""

from __future__ import annotations

import numpy as np
import pytest
from goodwill.clv.purchases import PurchaseParameters, expected_purchases_if_alive, p_alive
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

MBG = PurchaseParameters("mbg_nbd", 0.5248, 6.1831, 0.8914, 1.6140)
BG = PurchaseParameters("bg_nbd", 0.242595, 4.413602, 0.792922, 2.425907)


@pytest.mark.parametrize("parameters", [MBG, BG], ids=["mbg", "bg"])
@pytest.mark.parametrize("x", [0, 1, 7, 29])
def test_expected_purchases_are_the_published_expression(parameters: PurchaseParameters, x: int) -> None:
    weeks, age = np.array([1.0, 13.0, 52.0, 156.0]), 38.86
    r, alpha, a, b = parameters.r + x, parameters.alpha + age, parameters.a, parameters.b + x + parameters.drop_out_occasions
    published = (a + b - 1) / (a - 1) * (1 - hyp2f1(r, b, a + b - 1, weeks / (alpha + weeks)) * (alpha / (alpha + weeks)) ** r)
    assert expected_purchases_if_alive(parameters, x, weeks / alpha) == pytest.approx(published, rel=1e-10)


def test_expected_purchases_have_a_value_where_the_published_expression_has_none() -> None:
    near, at = (PurchaseParameters("mbg_nbd", 0.5, 6.0, a, 1.6) for a in (1 + 1e-7, 1.0))
    time = np.array([0.1, 1.0, 30.0])
    assert expected_purchases_if_alive(at, 3, time) == pytest.approx(expected_purchases_if_alive(near, 3, time), rel=1e-6)


def test_new_customer_of_a_shop_that_nobody_leaves() -> None:
    """Three years ahead of the first day: scipy's 2F1 answers this with a number of 20 digits."""
    parameters = PurchaseParameters("mbg_nbd", 1.413995, 0.15, 1e-6, 500.0)
    expected = expected_purchases_if_alive(parameters, 0, np.array([156.0 / 0.15]))
    assert expected[0] == pytest.approx(1.413995 * 156.0 / 0.15, rel=1e-5)


def test_no_time_ahead_no_purchases() -> None:
    assert expected_purchases_if_alive(MBG, 4, np.zeros(2)).tolist() == [0.0, 0.0]


def test_bg_nbd_takes_every_one_time_buyer_for_alive_and_mbg_nbd_does_not() -> None:
    never, day = np.zeros(1), np.array([200.0])
    assert p_alive(BG, never, never, day)[0] == 1.0
    assert p_alive(MBG, never, never, day)[0] < 0.25
    assert p_alive(BG, never + 1, never + 5, day)[0] < 1.0


positive = st.floats(0.01, 50.0)


@given(
    model=st.sampled_from(["mbg_nbd", "bg_nbd"]),
    r=positive,
    alpha=positive,
    a=st.floats(0.003, 50.0),
    b=st.floats(0.01, 2000.0),
    x=st.integers(0, 5000),
    age=st.floats(0, 1000),
    t_x=st.floats(0, 1),
)
def test_scores_are_numbers_within_their_bounds(
    model: str, r: float, alpha: float, a: float, b: float, x: int, age: float, t_x: float
) -> None:
    parameters = PurchaseParameters(model, r, alpha, a, b)  # type: ignore[arg-type]
    scaled = np.array([1.0, 4.3, 52.0, 156.0]) / (alpha + age)
    expected = expected_purchases_if_alive(parameters, x, scaled)
    # nobody buys more than at the mean rate without drop-out, and more time never means less
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert (expected <= (r + x) * scaled * (1 + 1e-9)).all()
    assert (np.diff(expected) >= -1e-9 * expected[1:]).all()
    alive = p_alive(parameters, np.array([float(x)]), np.array([age * t_x if x else 0.0]), np.array([age]))[0]
    assert 0 <= alive <= 1
