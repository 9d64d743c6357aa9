"""The population stability index, against values worked out by hand, and its bound of chance, against samples that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from goodwill.drift import noise_bound, stability_index
from hypothesis import given
from hypothesis import strategies as st

WEIGHTS = st.lists(st.integers(1, 1000), min_size=2, max_size=12)


def shares(weights: list[int]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def test_two_classes_by_hand():
    # .2 ln(.7 / .5) + (-.2) ln(.3 / .5)
    assert stability_index([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.2 * np.log(1.4) - 0.2 * np.log(0.6), abs=1e-6)
    assert stability_index([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.169460, abs=1e-6)


@given(WEIGHTS)
def test_nothing_has_moved_from_itself(weights):
    assert stability_index(shares(weights), shares(weights)) == 0


@given(WEIGHTS, st.randoms())
def test_it_is_symmetric_and_never_below_nothing(weights, random):
    other = random.sample(weights, len(weights))
    there, back = stability_index(shares(weights), shares(other)), stability_index(shares(other), shares(weights))
    assert there == pytest.approx(back, abs=2e-6)
    assert there >= 0


def test_an_empty_class_is_large_and_finite():
    # the empty class counts as 0.0001: .5 ln 2 + (.0001 - .5) ln .0002
    assert stability_index([0.5, 0.5], [1.0, 0.0]) == pytest.approx(0.5 * np.log(2) - 0.4999 * np.log(0.0002), abs=1e-6)


@pytest.mark.parametrize(("rows_before", "rows_now"), [(5_000, 300), (400, 400)])
def test_chance_alone_reaches_the_bound_about_once_in_a_thousand(rows_before, rows_now):
    random, true = np.random.default_rng(7), np.array([0.1] * 10)
    before = random.multinomial(rows_before, true, 4_000) / rows_before
    now = random.multinomial(rows_now, true, 4_000) / rows_now
    bound = noise_bound(10, rows_before, rows_now)
    reached = np.mean([stability_index(was, is_) > bound for was, is_ in zip(before, now, strict=True)])
    assert 0 < reached < 0.004


def test_small_samples_go_far_by_chance_and_large_ones_do_not():
    assert noise_bound(10, 1_000, 20) > 1
    assert noise_bound(10, 1_000_000, 200_000) < 0.001
    assert noise_bound(1, 1_000, 20) == 0
