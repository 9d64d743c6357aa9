"""Who has no part in the fits, and is scored all the same: histories and amounts that cannot be, and a till among people."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.fitting import fit_purchases
from goodwill.clv.left_out import dominant_from
from goodwill.clv.outlooks import ModelName
from goodwill.clv.runs import PARAMETERS
from goodwill.clv.soundness_sql import IMPOSSIBLE
from goodwill.clv.tuples import POSSIBLE, PurchaseTuples
from goodwill.errors import GoodwillError
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import AS_OF, CDNOW_HALF, RUN, cdnow_sample, group_tuples, warehouse_of
from tests.unit.clv.populations import simulate
from tests.unit.clv.whole import score_whole

#: What a row of the facts may be damaged to, and what its score says.
DAMAGES = {
    "t_x_days = age_days + 1": "recency above T",
    "age_days = -3": "the first purchase is later than today",
    "purchase_days = -2, x = -3": "no purchase day",
    "purchase_days = 1, x = 0": "a last purchase apart from the first",
    "t_x_days = 0": "a last purchase apart from the first",
    "purchase_days = 900, x = 899": "more repeat purchase days than days",
    "age_days = null": "a count or a day is missing",
    "t_x_days = null": "a count or a day is missing",
    "purchase_days = null, x = null": "a count or a day is missing",
}
AMOUNTS = ("first_amount = null", "first_amount = -5, repeat_amount = -900", "repeat_amount = -0.01", "first_amount = -1000000")


def shop() -> duckdb.DuckDBPyConnection:
    """120 people, each with three or more purchase days, and damaged rows among them when `damaged` has been at it."""
    people = 120
    return warehouse_of(
        [
            (f"p{i:03}", AS_OF - dt.timedelta(days=400 - (i * 7 + k * (20 + i)) % 400), 10.0 + (i * k) % 9)
            for i in range(people)
            for k in range(5)
        ],
        margin=0.3,
    )


def parameters(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute(f"select model, status, {', '.join(PARAMETERS)} from model.clv_runs order by model").fetchall()


@pytest.mark.parametrize(("damage", "says"), DAMAGES.items())
def test_a_history_that_cannot_be_has_a_stated_fallback_and_no_part_in_the_fit(damage: str, says: str) -> None:
    connection, without = shop(), shop()
    connection.execute(f"update intermediate.int_customer_facts set {damage} where person_id = 'p050'")
    without.execute("delete from intermediate.int_customer_facts where person_id = 'p050'")
    for each in (connection, without):
        group_tuples(each)
        score_whole(each)
    (row,) = connection.execute("select model_used, fallback_reason from model.clv_scores where person_id = 'p050'").fetchall()
    assert row[0] == "constant_rate"
    assert says in row[1]
    assert parameters(connection) == parameters(without)
    others = "select count(*) from model.clv_scores where model_used = 'mbg_nbd' and fallback_reason is null"
    assert connection.execute(others).fetchall() == [(119,)]
    told = connection.execute(
        "select distinct impossible_histories, message like '%1 whose history cannot be' from model.clv_runs"
    ).fetchall()
    assert told == [(1, True)]


def test_the_three_places_that_know_a_possible_history_agree() -> None:
    """Who is left out of the fits, whose score says why, and what a tuple may be: every history of a few days, and those with a hole in them."""
    few = "(select unnest([null, -1, 0, 1, 2, 3]) as {0})"
    sides = f"select *, x + 1 as purchase_days from {few.format('x')}, {few.format('t_x_days')}, {few.format('age_days')}"
    rows = duckdb.sql(f"select x, t_x_days, age_days, coalesce({POSSIBLE}, false), ({IMPOSSIBLE}) is null from ({sides})").fetchall()
    assert len(rows) == 6**3
    assert [row for row in rows if row[3] != row[4]] == []
    for *history, possible, _ in rows:
        if None not in history:
            columns = [np.array([value]) for value in (*history, 1)]
            if possible:
                PurchaseTuples.of(*columns)
            else:
                with pytest.raises(GoodwillError):
                    PurchaseTuples.of(*columns)


@pytest.mark.parametrize("damage", AMOUNTS)
def test_amounts_that_cannot_be_are_replaced_by_the_average_and_said(damage: str) -> None:
    connection = shop()
    connection.execute(f"update intermediate.int_customer_facts set {damage} where person_id = 'p050'")
    group_tuples(connection)
    score_whole(connection)
    (row,) = connection.execute(
        "select model_used, fallback_reason, expected_spend, margin_rate from model.clv_scores where person_id = 'p050'"
    ).fetchall()
    assert (row[0], row[1]) == ("mbg_nbd", "spend: unknown or below zero; the average one is expected")
    assert row[2] == pytest.approx(14, abs=3)
    assert row[3] == pytest.approx(0.3, abs=1e-3)


def test_all_rows_damaged_at_once() -> None:
    connection = shop()
    for place, damage in enumerate([*DAMAGES, *AMOUNTS] * 9):
        connection.execute(f"update intermediate.int_customer_facts set {damage} where person_id = 'p{place:03}'")
    group_tuples(connection)
    score_whole(connection)


def test_a_till_among_people_does_not_decide_for_them() -> None:
    """Every day for five years, among a thousand people who come back twice."""
    people = simulate("mbg_nbd", {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}, 1000, 730, 1, 3).grouped()
    till = _with(people, [1800], 1800)
    assert fit_purchases("mbg_nbd", till, 30).status == "rejected"
    assert dominant_from(till, 0.33) == 1800
    assert dominant_from(till, 0.99) is None
    left = till.below(1800)
    assert (left.customer_count, left.data_hash) == (1000, people.data_hash)


@pytest.mark.parametrize(
    ("heavy", "left_out_from"),
    [
        ([300], None),
        ([300, 250, 200], None),
        (list(range(150, 300, 15)), None),
        ([720], 720),
        ([720] * 8, 720),
        ([1095, 300, 250], 1095),
    ],
    ids=[
        "one heavy buyer",
        "three",
        "ten who hold half of all",
        "somebody who comes every day",
        "eight of them",
        "a till and heavy buyers",
    ],
)
def test_heavy_buyers_stay_and_tills_go(heavy: list[int], left_out_from: int | None) -> None:
    people = simulate("mbg_nbd", {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}, 1000, 730, 1, 3).grouped()
    whole = _with(people, heavy, max(730, *heavy))
    found = dominant_from(whole, 0.33)
    assert found == left_out_from
    models: tuple[ModelName, ...] = ("mbg_nbd", "bg_nbd", "pareto_nbd")
    assert {fit_purchases(model, whole.below(found), 30).status for model in models} == {"accepted"}


@pytest.mark.parametrize("repeating", [0, 12], ids=["nobody else comes back", "a dozen come back"])
def test_a_till_in_a_shop_too_small_for_a_model_is_in_no_average(repeating: int) -> None:
    people = [
        (f"p{i}", AS_OF - dt.timedelta(days=ago), 10.0) for i in range(60) for ago in (300 + i, 20 * i + 5)[: 2 if i < repeating else 1]
    ]
    till = [("till", AS_OF - dt.timedelta(days=ago), 500.0) for ago in range(400)]
    connection, without = warehouse_of([*people, *till], margin=0.3), warehouse_of(people, margin=0.3)
    for each in (connection, without):
        score_whole(each, BusinessSettings())
    expected = "select person_id, round(expected_purchases_365, 9), clv_12 from model.clv_scores where person_id <> 'till' order by 1"
    assert connection.execute(expected).fetchall() == without.execute(expected).fetchall()
    assert connection.execute("select distinct left_out_from_x from model.clv_runs").fetchall() == [(399,)]
    found = "select expected_purchases_365, fallback_reason from model.clv_scores where person_id = 'till'"
    ((ahead, said),) = connection.execute(found).fetchall()
    assert ahead == pytest.approx(365)
    assert "left out of the fits, and expected back at the own rate" in said


def test_few_repeats_are_nobodys_till() -> None:
    """Somebody who came back 49 times among people who hardly do is an eager customer; with 50, they are looked at."""
    people = simulate("mbg_nbd", {"r": 0.5, "alpha": 40.0, "a": 0.9, "b": 1.6}, 100, 200, 1, 3).grouped()
    assert dominant_from(_with(people, [49], 200), 0.33) is None
    assert dominant_from(_with(people, [50], 200), 0.33) == 50


def _with(people: PurchaseTuples, x: list[int], age: int) -> PurchaseTuples:
    """The same with some more, who bought on so many days up to yesterday."""
    more = np.array(x)
    columns = (
        np.append(people.x, more),
        np.append(people.t_x_days, np.full(len(x), age)),
        np.append(people.age_days, np.full(len(x), age)),
    )
    return PurchaseTuples.of(*columns, np.append(people.customers, np.ones(len(x), dtype=np.int64)))


def test_a_night_with_a_till() -> None:
    """Everybody is scored by a model, the till too, by the parameters of the others; run, score and holdout say so."""
    without = cdnow_sample()
    without.execute(
        "create table crowd as from purchases union all select 'till', date '1997-09-30' - cast(n as integer), 40 from range(1999) as days(n)"
    )
    rows = [(str(person), day, float(amount)) for person, day, amount in without.execute("from crowd").fetchall()]
    connection = warehouse_of(rows, CDNOW_HALF, margin=0.3)
    settings = BusinessSettings(clv=Clv(models=("mbg_nbd",), holdout_origins=1))
    nights = {"with": connection, "without": without}
    for each in nights.values():
        clv.fit(each, settings, RUN, CDNOW_HALF)
        clv.score(each, settings, RUN, CDNOW_HALF)
    assert parameters(connection) == parameters(without)
    runs = connection.execute("select distinct left_out_customers, left_out_from_x, customers from model.clv_runs where model = 'mbg_nbd'")
    assert runs.fetchall() == [(1, 1998, 2357)]
    said = connection.execute("select message from model.clv_runs where model = 'gamma_gamma'").fetchall()[0][0]
    assert "left out: 1 customer with 1,998 or more repeat purchase days, 45% of all of them" in said
    rows = connection.execute("select person_id, expected_purchases_365 from model.clv_scores where fallback_reason is not null").fetchall()
    assert [row[0] for row in rows] == ["till"]
    assert 300 < rows[0][1] < 370
    holdouts = [
        each.execute("select model, mae, customers, actual from model.clv_holdouts order by model").fetchall() for each in nights.values()
    ]
    assert holdouts[0] == holdouts[1]
    same = "select sum(clv_12), round(sum(expected_purchases_365), 6) from model.clv_scores where person_id <> 'till'"
    assert connection.execute(same).fetchall() == without.execute(same).fetchall()
