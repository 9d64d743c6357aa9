"""The likelihoods: derivatives against differences, published expressions, invariances, and numbers far from the usual."""

from __future__ import annotations

import dataclasses

import duckdb
import numpy as np
import pytest
from goodwill.clv.fitting import fit_purchases, purchase_likelihood
from goodwill.clv.maximising import Peak, climb, weak_prior
from goodwill.clv.models.beta_geometric import BetaGeometric
from goodwill.clv.models.gamma_gamma import GammaGamma
from goodwill.clv.models.likelihood import Likelihood
from goodwill.clv.models.pareto import Pareto, log_tail
from goodwill.clv.models.shifted_beta import ContractTuples, ShiftedBeta
from goodwill.clv.outlooks import ModelName
from goodwill.clv.tuples import PurchaseTuples, read_purchase_tuples, read_spend_tuples
from scipy.integrate import simpson
from scipy.special import hyp2f1

from tests.unit.clv.populations import simulate

MODELS: tuple[ModelName, ...] = ("bg_nbd", "mbg_nbd", "pareto_nbd")


def likelihoods(connection: duckdb.DuckDBPyConnection) -> dict[str, Likelihood]:
    purchases, spend = read_purchase_tuples(connection), read_spend_tuples(connection)
    contracts = ContractTuples(np.array([1, 2, 3, 3]), np.array([True, True, True, False]), np.array([131, 126, 90, 653]))
    return {model: purchase_likelihood(model, purchases) for model in MODELS} | {
        "gamma_gamma": GammaGamma(spend),
        "shifted_beta": ShiftedBeta(contracts),
    }


@pytest.mark.parametrize("name", [*MODELS, "gamma_gamma", "shifted_beta"])
def test_gradient_and_hessian_are_the_slopes_of_the_value(cdnow: duckdb.DuckDBPyConnection, name: str) -> None:
    likelihood = likelihoods(cdnow)[name]
    point = likelihood.start() * np.linspace(0.8, 1.4, len(likelihood.names))
    found = likelihood.evaluate(point)
    assert found.hessian is not None
    for i, value in enumerate(point):
        step = np.zeros(len(point))
        step[i] = value * 1e-5
        above, below = likelihood.evaluate(point + step, curvature=False), likelihood.evaluate(point - step, curvature=False)
        assert (above.value - below.value) / (2 * step[i]) == pytest.approx(found.gradient[i], rel=1e-6)
        assert (above.gradient - below.gradient) / (2 * step[i]) == pytest.approx(found.hessian[i], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
def test_value_is_that_of_lifetimes(cdnow: duckdb.DuckDBPyConnection, model: ModelName) -> None:
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter

    tuples = read_purchase_tuples(cdnow)
    oracle = BetaGeoFitter if model == "bg_nbd" else ModifiedBetaGeoFitter
    point = np.array([0.7, 3.0, 1.2, 0.6])
    mean = -oracle._negative_log_likelihood(np.log(point), tuples.x, tuples.t_x, tuples.age, tuples.customers, 0.0)
    assert purchase_likelihood(model, tuples).evaluate(point).value == pytest.approx(mean * 2357, rel=1e-12)


def test_pareto_is_the_published_likelihood(cdnow: duckdb.DuckDBPyConnection) -> None:
    from lifetimes import ParetoNBDFitter

    tuples = read_purchase_tuples(cdnow)
    for point in (np.array([0.55, 10.6, 0.61, 11.7]), np.array([0.55, 5.0, 0.61, 11.7])):
        by_row = ParetoNBDFitter._conditional_log_likelihood(point, tuples.x, tuples.t_x, tuples.age)
        assert Pareto(tuples).evaluate(point, curvature=False).value == pytest.approx(float(by_row @ tuples.customers), rel=1e-10)


@pytest.mark.parametrize("s", [0.06, 0.6, 3.0])
def test_tail_is_the_hypergeometric_function(s: float) -> None:
    c, z = np.tile([0.12, 0.7, 2.0, 30.0], 4), np.repeat([0.99, 0.5, -0.5, -50.0], 4)
    assert np.exp(log_tail(c, z, s, slopes=False)[0]) * c == pytest.approx(hyp2f1(s + 1, c, c + 1, z), rel=1e-9)


@pytest.mark.parametrize(("s", "z"), [(12.0, -30.0), (12.0, -122.0), (12.0, 0.9), (100.0, -400.0)])
def test_tail_where_everybody_lives_about_as_long(s: float, z: float) -> None:
    """A shop that stands still: large s and beta, z far below 0, and an integrand that falls late. Against a plain sum of many points."""
    c = np.array([s + 0.6, s + 5.6])
    u = np.linspace(0.0, 60.0, 2_000_001)
    logs = -c[:, None] * u - (s + 1) * np.log1p(-z * np.exp(-u))
    top = logs.max(axis=1)
    expected = np.log(simpson(np.exp(logs - top[:, None]), x=u)) + top
    found, by_c, by_s, by_z = log_tail(c, np.full(2, z), s, slopes=True)
    assert found == pytest.approx(expected, abs=1e-8)
    one = np.ones(2)
    for slope, above, below in (
        (by_c, log_tail(c + 1e-5, z * one, s, slopes=False), log_tail(c - 1e-5, z * one, s, slopes=False)),
        (by_s, log_tail(c, z * one, s + 1e-5, slopes=False), log_tail(c, z * one, s - 1e-5, slopes=False)),
        (by_z, log_tail(c, (z + 1e-5) * one, s, slopes=False), log_tail(c, (z - 1e-5) * one, s, slopes=False)),
    ):
        assert (above[0] - below[0]) / 2e-5 == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_a_shop_that_has_stood_still_since_one_day_is_fitted() -> None:
    """Nobody has bought for ten weeks: everybody's lifetime is about the same, and Pareto/NBD has its peak there all the same."""
    shop = simulate("mbg_nbd", {"r": 0.6, "alpha": 5.0, "a": 0.2, "b": 4.0}, 2000, 700, 0, 5).tuples
    still = PurchaseTuples.of(shop.x, shop.t_x_days, shop.age_days + 70, shop.customers)
    assert fit_purchases("pareto_nbd", still, 30).status == "accepted"


@pytest.mark.parametrize("model", MODELS)
def test_heavy_buyers_first_days_and_small_a_plus_b_are_numbers(model: ModelName) -> None:
    columns = [[0, 0, 1, 40, 800, 5000, 5000], [0, 0, 1, 41, 800, 5000, 5001], [0, 4000, 4000, 4000, 4000, 5000, 9000]]
    tuples = PurchaseTuples.of(*(np.array(column) for column in columns), np.ones(7, dtype=np.int64))
    for point in ([0.5, 6.0, 0.3, 0.4], [0.01, 1000.0, 0.05, 900.0], [30.0, 0.01, 5.0, 0.02], [1.0, 1.0, 1.0, 1.0]):
        found = purchase_likelihood(model, tuples).evaluate(np.array(point))
        assert found.hessian is not None
        assert np.isfinite(found.value)
        assert np.isfinite(found.gradient).all()
        assert np.isfinite(found.hessian).all()


@pytest.mark.parametrize("model", MODELS)
def test_days_and_weeks_are_the_same_shop(cdnow: duckdb.DuckDBPyConnection, model: ModelName) -> None:
    """With the prior too: times scale by 7, everything else stays."""
    tuples = read_purchase_tuples(cdnow)

    def peak(days: float) -> Peak:
        likelihood = Pareto(tuples, days) if model == "pareto_nbd" else BetaGeometric(model, tuples, days)
        found = climb(likelihood, weak_prior(likelihood))
        assert isinstance(found, Peak)
        return found

    weeks, by_day = peak(7.0), peak(1.0)
    factors = np.array([7.0 if name in ("alpha", "beta") else 1.0 for name in weeks.names])
    assert by_day.parameters == pytest.approx(weeks.parameters * factors, rel=1e-6)
    assert np.sqrt(np.diag(by_day.covariance)) == pytest.approx(np.sqrt(np.diag(weeks.covariance)) * factors, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_each_customer_once_is_the_same_as_grouped(cdnow: duckdb.DuckDBPyConnection, model: ModelName) -> None:
    grouped = read_purchase_tuples(cdnow)
    single = PurchaseTuples.of(
        *(np.repeat(column, grouped.customers) for column in (grouped.x, grouped.t_x_days, grouped.age_days)), np.ones(2357, dtype=np.int64)
    )
    shuffled = np.random.default_rng(1).permutation(2357)
    single = PurchaseTuples.of(*(getattr(single, field.name)[shuffled] for field in dataclasses.fields(single)))
    one, other = (climb(purchase_likelihood(model, tuples)) for tuples in (grouped, single))
    assert isinstance(one, Peak)
    assert isinstance(other, Peak)
    assert other.parameters == pytest.approx(one.parameters, rel=1e-7)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        ("mbg_nbd", {"r": 0.6, "alpha": 7.0, "a": 0.8, "b": 2.4}),
        ("bg_nbd", {"r": 0.4, "alpha": 5.0, "a": 0.8, "b": 2.5}),
        ("pareto_nbd", {"r": 0.6, "alpha": 10.0, "s": 0.6, "beta": 12.0}),
    ],
)
def test_known_parameters_are_found_again(model: ModelName, truth: dict[str, float]) -> None:
    """60,000 simulated customers: each parameter within four of its own standard errors (days are rounded up: a little is lost)."""
    likelihood = purchase_likelihood(model, simulate(model, truth, 60_000, 900, 0, 4).grouped())
    found = climb(likelihood, weak_prior(likelihood))
    assert isinstance(found, Peak)
    errors = np.sqrt(np.diag(found.covariance))
    assert (np.abs(found.parameters - np.array(list(truth.values()))) < 4 * errors + 0.03 * found.parameters).all()
