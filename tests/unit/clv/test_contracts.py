"""Contracts: their length by plan, what they are still worth, beside what the same people buy, and the policy of a brand."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.contract_fits import FEWEST_ENDED, cohort_name
from goodwill.clv.models.shifted_beta import expected_renewals, expected_residual_lifetime, survival
from goodwill.settings.business import BusinessSettings, Clv, Margin, Policy

from tests.unit.clv.histories import AS_OF, CDNOW_WHOLE, RUN, cdnow_sample, group_tuples, remake, warehouse_of

MONTH = 365.25 / 12
LEFT = [1000, 869, 743, 653, 593, 551, 517, 491]
SETTINGS = BusinessSettings(clv=Clv(models=("mbg_nbd",), prior=False), margin=Margin(assumed_rate=0.5))


def cohort(connection: duckdb.DuckDBPyConnection, plan: str, left: list[int], begun_in: int = 2023) -> None:
    """Contracts of a plan, by how many were left at the start of each period."""
    ended = [(plan, begun_in, period + 1, True, left[period] - left[period + 1]) for period in range(len(left) - 1)]
    for row in [*ended, (plan, begun_in, len(left), False, left[-1])]:
        connection.execute("insert into intermediate.int_contract_tuples values (?, ?, ?, ?, ?)", row)


def contract(
    connection: duckdb.DuckDBPyConnection, person: str, plan: str = "gold", periods: int = 8, due_in: float = 0.0, amount: float = 10.0
) -> None:
    ahead = (30, 90, 180, 365, *(months * MONTH for months in (12, 24, 36)))
    renewals = [max(int((days - due_in) // MONTH) + 1, 0) for days in ahead]
    row = [person, plan, MONTH, periods, AS_OF - dt.timedelta(days=240), due_in, amount, *renewals]
    connection.execute(f"insert into intermediate.int_contracts__running values ({', '.join('?' * len(row))})", row)


def scored(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings = SETTINGS) -> duckdb.DuckDBPyConnection:
    clv.fit(connection, settings, RUN, AS_OF)
    clv.score(connection, settings, RUN, AS_OF)
    return connection


def value(connection: duckdb.DuckDBPyConnection, person: str, *columns: str) -> tuple[object, ...]:
    row = connection.execute(f"select {', '.join(columns)} from model.clv_scores where person_id = ?", [person]).fetchone()
    assert row is not None
    return row


def shop() -> duckdb.DuckDBPyConnection:
    """Two buyers, of whom one has a contract too, and a subscriber who never bought."""
    purchases = [(person, AS_OF - dt.timedelta(days=ago), 20.0) for person in ("buyer", "both") for ago in (50, 10)]
    connection = warehouse_of(purchases, margin=0.4)
    cohort(connection, "gold", LEFT)
    contract(connection, "both")
    contract(connection, "subscriber")
    return connection


def test_one_table_for_who_buys_who_subscribes_and_who_does_both() -> None:
    connection = scored(shop())
    assert connection.execute("select count(*), count(distinct person_id) from model.clv_scores").fetchall() == [(3, 3)]
    assert value(connection, "buyer", "model_used", "subscription_value_12", "subscription_plans") == ("constant_rate", 0, None)
    assert value(connection, "subscriber", "model_used", "x", "p_alive", "age_days") == ("shifted_beta_geometric", 0, 1.0, 240)
    (alone,), (contract_part, total) = value(connection, "buyer", "clv_12"), value(connection, "both", "subscription_value_12", "clv_12")
    assert contract_part > 0  # type: ignore[operator]
    assert total == alone + contract_part  # type: ignore[operator]
    assert value(connection, "subscriber", "clv_12", "clv_36")[0] == contract_part


def test_residual_value_is_the_margin_of_the_payments_to_come() -> None:
    """In its eighth year-long spell a contract of the published high-end segment: DERL, and its sums to 12, 24 and 36 months."""
    connection = scored(shop())
    a, b = connection.execute("select a, b from model.clv_runs where group_name = 'gold'").fetchall()[0]
    assert (a, b) == (pytest.approx(0.668, abs=6e-4), pytest.approx(3.806, abs=6e-3))
    rate = 1.1 ** (1 / 12) - 1
    found = value(
        connection, "subscriber", "subscription_value_12", "subscription_value_24", "subscription_value_36", "subscription_value_ever"
    )
    sums = expected_renewals(a, b, 8, 37, rate)
    # due today, so the thirteenth payment falls on the last day of twelve months
    expected = [5.0 * sums[months] for months in (12, 24, 36)] + [5.0 * expected_residual_lifetime(a, b, 7, rate)]
    assert [float(amount) for amount in found] == pytest.approx(expected, abs=0.006)  # type: ignore[arg-type]


def test_days_until_the_next_payment_are_discounted() -> None:
    connection = shop()
    contract(connection, "later", due_in=20.0)
    scored(connection)
    (now,), (later,) = (value(connection, person, "subscription_value_ever") for person in ("subscriber", "later"))
    assert float(later) / float(now) == pytest.approx(1.1 ** (-20 / 365.25), abs=1e-4)  # type: ignore[arg-type]


def test_what_is_expected_in_some_days_holds_the_renewals_due_in_them() -> None:
    """Not discounted, less the cost to serve; nothing where none falls into them, and beside what else is bought."""
    settings = BusinessSettings(clv=Clv(models=(), prior=False, annual_discount_rate=0.3), margin=Margin(assumed_rate=0.5))
    connection = shop()
    contract(connection, "later", due_in=29.5)
    contract(connection, "much later", due_in=30.4)
    connection.execute("insert into intermediate.int_people (person_id, cost_to_serve_amount) values ('subscriber', 330)")
    scored(connection, settings)
    a, b = connection.execute("select a, b from model.clv_runs where group_name = 'gold'").fetchall()[0]
    renewed = expected_renewals(a, b, 8, 13, 0.0)
    margin, daily = (float(each) for each in value(connection, "subscriber", "margin_rate", "cost_to_serve_per_day"))  # type: ignore[arg-type]
    assert daily == pytest.approx(1.0)
    columns = [f"expected_value_{days}" for days in (30, 90, 180, 365)]
    for person, times, cost in (("subscriber", (1, 3, 6, 12), daily), ("later", (1, 2, 5, 12), 0.0), ("much later", (0, 2, 5, 11), 0.0)):
        expected = [10 * margin * (renewed[n - 1] if n else 0.0) - cost * days for n, days in zip(times, (30, 90, 180, 365), strict=True)]
        assert [float(each) for each in value(connection, person, *columns)] == pytest.approx(expected, abs=0.006), person  # type: ignore[arg-type]
    alone, both = (value(connection, person, *columns) for person in ("buyer", "both"))
    added = [float(with_it) - float(without) for with_it, without in zip(both, alone, strict=True)]  # type: ignore[arg-type]
    assert added == pytest.approx([10 * margin * renewed[n - 1] for n in (1, 3, 6, 12)], abs=0.011)


def test_old_contracts_are_worth_more_than_one_rate_would_say() -> None:
    connection = shop()
    contract(connection, "young", periods=1)
    scored(connection)
    (young,), (old,) = (value(connection, person, "clv_36") for person in ("young", "subscriber"))
    assert old > 1.15 * float(young)  # type: ignore[arg-type, operator]


def test_bounds_of_a_contract_are_numbers_of_payments() -> None:
    connection = scored(shop())
    a, b = connection.execute("select a, b from model.clv_runs where group_name = 'gold'").fetchall()[0]
    share = survival(a, b, 7.0 + np.arange(14.0)) / survival(a, b, np.array(7.0))
    payments = next(k for k in range(14) if (share[k + 1] if k < 13 else 0) <= 0.9)
    worth = [5.0 * 1.1 ** (-k / 12) for k in range(13)]
    low, high = value(connection, "subscriber", "clv_12_low_80", "clv_12_high_80")
    assert float(low) == pytest.approx(sum(worth[:payments]), abs=0.006)  # type: ignore[arg-type]
    assert float(high) == pytest.approx(sum(worth), abs=0.006)  # type: ignore[arg-type]


def test_where_margins_are_below_zero_more_payments_are_worth_less() -> None:
    connection = shop()
    connection.execute("update intermediate.int_customer_facts set margin_amount = -margin_amount")
    scored(connection, BusinessSettings(clv=Clv(models=())))
    bounds = value(connection, "subscriber", "clv_12_low_95", "clv_12_low_80", "clv_12", "clv_12_high_80", "clv_12_high_95")
    assert list(bounds) == sorted(bounds)  # type: ignore[type-var]
    assert bounds[0] < bounds[2] < 0  # type: ignore[operator]


def test_only_contracts_and_no_purchase_at_all() -> None:
    connection = warehouse_of([])
    cohort(connection, "gold", [100, 80, 70, 65])
    contract(connection, "subscriber")
    scored(connection)
    model, part, total, basis = value(connection, "subscriber", "model_used", "subscription_value_12", "clv_12", "value_basis")
    assert (model, part, basis) == ("shifted_beta_geometric", total, "assumed_margin")
    assert total > 0  # type: ignore[operator]
    assert connection.execute("select count(*) from model.clv_scores").fetchall() == [(1,)]


def test_a_plan_of_which_too_few_have_ended_is_valued_by_all_plans() -> None:
    for ended, shared in ((FEWEST_ENDED - 1, True), (FEWEST_ENDED, False)):
        connection = shop()
        cohort(connection, "new", [100, 96, 94, 100 - ended])
        contract(connection, "new", "new", periods=2)
        scored(connection, BusinessSettings(clv=Clv(models=())))
        runs = {
            row[0]: row[1:]
            for row in connection.execute("select group_name, a, message from model.clv_runs where a is not null").fetchall()
        }
        assert (runs["new"][0] == runs["all"][0]) is shared
        assert ("scored by what holds for all plans" in runs["new"][1]) is shared
        assert value(connection, "new", "clv_12")[0] > 0  # type: ignore[operator]


def test_without_any_ended_contract_none_is_valued_and_it_is_said() -> None:
    connection = warehouse_of([("both", AS_OF - dt.timedelta(days=50), 20.0)], margin=0.4)
    cohort(connection, "gold", [100])
    for person in ("both", "subscriber"):
        contract(connection, person)
    scored(connection)
    for person in ("both", "subscriber"):
        part, reason = value(connection, person, "subscription_value_12", "fallback_reason")
        assert part == 0
        assert "too few have ended" in str(reason)


def test_policy_of_a_brand() -> None:
    """Horizon, discount and margin of the brand bought last; other brands as ever."""
    policies = {"luxe": Policy(horizon_months=36, annual_discount_rate=0.2, margin_rate=0.6, positioning="premium")}
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), policies=policies))
    connection = cdnow_sample()
    plain = cdnow_sample()
    connection.execute("update intermediate.int_clv_customers set brand = case when hash(person_id) % 2 = 0 then 'luxe' else 'other' end")
    scored(connection, settings)
    scored(plain, BusinessSettings(clv=Clv(models=("mbg_nbd",), annual_discount_rate=0.2)))
    rows = connection.execute(
        """
        select brand, count(*), min(horizon_months), max(annual_discount_rate), min(positioning), bool_and(value_basis = 'assumed_margin'),
            bool_and(clv = clv_36), bool_and(clv = clv_12)
        from model.clv_scores group by brand order by brand
        """
    ).fetchall()
    assert [row[0] for row in rows] == ["luxe", "other"]
    assert rows[0][2:] == (36, 0.2, "premium", True, True, False)
    assert rows[1][2:] == (12, 0.1, None, False, False, True)
    person = connection.execute(
        "select person_id from model.clv_scores where brand = 'luxe' and x > 3 order by person_id limit 1"
    ).fetchall()[0][0]
    (mine, rate), (theirs, usual) = (value(each, person, "clv_36", "margin_rate") for each in (connection, plain))
    assert rate == 0.6
    assert float(mine) / rate == pytest.approx(float(theirs) / usual, rel=1e-3)  # type: ignore[arg-type, operator]


def test_where_a_brand_sells_by_contract_its_orders_are_the_payments() -> None:
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), policies={"box": Policy(business_model="subscription")}))
    connection = shop()
    connection.execute("update intermediate.int_clv_customers set brand = 'box'")
    scored(connection, settings)
    total, part, basis = value(connection, "both", "clv_12", "subscription_value_12", "business_model")
    assert (total, basis) == (part, "subscription")
    assert value(connection, "both", "expected_value_365") == value(connection, "subscriber", "expected_value_365")
    assert value(connection, "buyer", "clv_12")[0] > 10  # type: ignore[operator]


def test_once_the_contract_has_ended_no_payment_is_expected_and_it_is_said() -> None:
    """Of a brand that sells by contract; whoever buys after the end of the contract is a buyer like any other."""
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), policies={"box": Policy(business_model="subscription")}))
    connection = shop()
    connection.execute("update intermediate.int_clv_customers set brand = 'box'")
    for ended_ago, nothing_more in ((10, True), (11, False)):
        connection.execute(
            "update intermediate.int_customer_facts set last_subscription_ended_on = ? where person_id = 'buyer'",
            [AS_OF - dt.timedelta(days=ended_ago)],
        )
        scored(connection, settings)
        total, year, reason = value(connection, "buyer", "clv_12", "expected_value_365", "fallback_reason")
        assert (total == 0) is (year == 0) is nothing_more
        assert ("no payment is expected" in str(reason)) is nothing_more
    connection.execute("update intermediate.int_customer_facts set last_subscription_ended_on = last_purchase_on")
    scored(connection, BusinessSettings(clv=Clv(models=("mbg_nbd",))))
    assert value(connection, "buyer", "clv_12")[0] > 0  # type: ignore[operator]


def test_payments_of_contracts_are_in_no_fit_and_no_holdout() -> None:
    """Five hundred who pay each month beside the record shop: what is said of its customers is what is said without them."""
    settings = BusinessSettings(clv=Clv(policies={"box": Policy(business_model="subscription")}))
    payments = ", ".join(f"(date '{CDNOW_WHOLE}' - {ago})" for ago in range(0, 360, 30))
    found = []
    for with_payers in (False, True):
        connection = cdnow_sample(CDNOW_WHOLE)
        if with_payers:
            connection.execute(
                f"create or replace table purchases as from purchases union all select 'payer' || person, day, 25 "
                f"from range(500) as people (person), (values {payments}) as days (day)"
            )
            remake(connection, CDNOW_WHOLE, 0.3)
            connection.execute(
                "update intermediate.int_clv_customers set brand = 'box', model_group = 'contract' where person_id like 'payer%'"
            )
            group_tuples(connection)
        clv.fit(connection, settings, RUN, CDNOW_WHOLE)
        clv.score(connection, settings, RUN, CDNOW_WHOLE)
        runs = connection.execute(
            "select model, customers, r, alpha, a, b, p, q, v, gate_message, message from model.clv_runs order by 1"
        ).fetchall()
        held = connection.execute("from model.clv_holdouts order by all").fetchall()
        scores = connection.execute(
            "select person_id, p_alive, expected_purchases_365, expected_spend from model.clv_scores where person_id not like 'payer%' order by 1"
        ).fetchall()
        found.append((runs, held, scores))
    assert found[0] == found[1]
    reasons = connection.execute("select distinct fallback_reason from model.clv_scores where person_id like 'payer%'").fetchall()
    assert reasons == [
        ("purchases: they are the payments of a contract and have no part in the fits; scored by the parameters of those who buy",)
    ]


@pytest.mark.parametrize("named", ["gold", "box"], ids=["the plan has a policy", "the brand has one and sells by contract"])
def test_policy_of_a_contract(named: str) -> None:
    """Its margin, discount and horizon are those of the contract, whether the policy is named as the plan or as the brand."""
    policy = Policy(horizon_months=24, annual_discount_rate=0.3, margin_rate=0.8, business_model="subscription")
    connection = shop()
    connection.execute("update intermediate.int_clv_customers set brand = 'box'")
    scored(connection, BusinessSettings(clv=Clv(models=(), prior=False, policies={named: policy})))
    a, b = connection.execute("select a, b from model.clv_runs where group_name = 'gold'").fetchall()[0]
    rate = 1.3 ** (1 / 12) - 1
    expected = [8.0 * expected_renewals(a, b, 8, 37, rate)[months] for months in (12, 24)] + [
        8.0 * expected_residual_lifetime(a, b, 7, rate)
    ]
    columns = ("subscription_value_12", "subscription_value_24", "subscription_value_ever")
    assert [float(amount) for amount in value(connection, "both", *columns)] == pytest.approx(expected, abs=0.006)  # type: ignore[arg-type]
    alone = value(connection, "subscriber", *columns, "margin_rate", "annual_discount_rate", "horizon_months", "value_basis")
    if named == "gold":
        assert [float(amount) for amount in alone[:3]] == pytest.approx(expected, abs=0.006)  # type: ignore[arg-type]
        assert alone[3:] == (0.8, 0.3, 24, "assumed_margin")
        assert value(connection, "subscriber", "clv")[0] == alone[1]
    else:
        # who never ordered has no brand: what holds for everybody
        assert float(alone[0]) < expected[0]  # type: ignore[arg-type]
        assert alone[3:] == (0.4, 0.1, 12, "margin")


def test_a_subscriber_costs_service_too() -> None:
    """With a contract alone, and where the orders of the brand are its payments: the cost to serve is taken off all the same."""
    settings = BusinessSettings(
        clv=Clv(models=(), annual_discount_rate=0.0, policies={"box": Policy(business_model="subscription", annual_discount_rate=0.0)})
    )
    connection = shop()
    connection.execute("update intermediate.int_clv_customers set brand = 'box'")
    connection.execute("insert into intermediate.int_people (person_id, cost_to_serve_amount) values ('subscriber', 330)")
    connection.execute("update intermediate.int_customer_facts set cost_to_serve_amount = 100 where person_id = 'both'")
    scored(connection, settings)
    for person, days, cost in (("subscriber", 240, 330.0), ("both", 50, 100.0)):
        total, part, low, daily = value(connection, person, "clv_12", "subscription_value_12", "clv_24_low_80", "cost_to_serve_per_day")
        assert daily == pytest.approx((cost + 90 * 1.0) / (days + 90))
        assert float(part) - float(total) == pytest.approx(365.25 * daily, abs=0.011)  # type: ignore[arg-type, operator]
        if person == "subscriber":
            assert float(low) < float(part) - 600  # type: ignore[arg-type]


def of_two_years(connection: duckdb.DuckDBPyConnection, later: tuple[float, float], contracts: int = 400) -> None:
    """A plan whose contracts of 2022 lasted as in the published high-end segment, and those of 2023 by other parameters."""
    for year, (a, b), periods in ((2022, (0.668, 3.806), 18), (2023, later, 8)):
        cohort(connection, "silver", [round(left) for left in contracts * survival(a, b, np.arange(float(periods)))], year)


def test_years_that_last_differently_are_fitted_apart() -> None:
    """Contracts of a worse year are worth less than the plan as a whole would say, and as much as their own parameters do."""
    connection = shop()
    of_two_years(connection, (1.5, 3.0))
    contract(connection, "later", "silver", periods=5)
    scored(connection)
    runs = {name: parameters for name, *parameters in connection.execute("select group_name, a, b from model.clv_runs").fetchall()}
    a, b = runs[cohort_name("silver", 2023)]
    # what the eight periods seen say of a contract in its fifth, and of the twelve after it, is that of the truth
    assert expected_renewals(a, b, 5, 12, 0.0)[-1] == pytest.approx(expected_renewals(1.5, 3.0, 5, 12, 0.0)[-1], rel=0.06)
    assert expected_renewals(*runs["silver"], 5, 12, 0.0)[-1] > 1.2 * expected_renewals(a, b, 5, 12, 0.0)[-1]
    expected = 5.0 * expected_renewals(a, b, 5, 13, 1.1 ** (1 / 12) - 1)[12]
    assert float(value(connection, "later", "subscription_value_12")[0]) == pytest.approx(expected, abs=0.006)  # type: ignore[arg-type]
    scoring = connection.execute("select group_name, message from model.clv_runs where is_scoring_model and a is not null").fetchall()
    assert {name for name, _ in scoring} == {"gold", cohort_name("silver", 2022), cohort_name("silver", 2023)}
    assert all("the years differ" in message for name, message in scoring if name != "gold")


def test_years_that_last_alike_are_one_plan() -> None:
    connection = shop()
    of_two_years(connection, (0.668, 3.806))
    contract(connection, "later", "silver", periods=5)
    scored(connection)
    scoring = connection.execute("select group_name from model.clv_runs where is_scoring_model and a is not null order by 1").fetchall()
    assert scoring == [("gold",), ("silver",)]


def test_a_year_too_young_to_tell_is_taken_for_the_one_before() -> None:
    connection = shop()
    of_two_years(connection, (1.5, 3.0))
    cohort(connection, "silver", [30], 2024)
    connection.execute("update intermediate.int_contract_tuples set begun_in = 2021 where begun_in = 2022")
    contract(connection, "young", "silver", periods=1)
    connection.execute("update intermediate.int_contracts__running set started_on = date '2024-05-20' where person_id = 'young'")
    scored(connection)
    found = connection.execute(
        "select group_name, a, b from model.clv_runs where group_name like 'silver, begun%' order by group_name"
    ).fetchall()
    assert [name for name, *_ in found] == [cohort_name("silver", year) for year in (2021, 2023, 2024)]
    assert found[2][1:] == pytest.approx(found[1][1:], rel=1e-6)
