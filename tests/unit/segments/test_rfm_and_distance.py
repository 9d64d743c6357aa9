"""RFM scores without ties broken by chance, the groups they make, and how far from us a person stands."""

from __future__ import annotations

import duckdb
import pytest
from goodwill import clv
from goodwill.segments import assign
from goodwill.segments.rfm import RFM_GROUPS, band_sql
from goodwill.segments.rules import code_sql, index_sql
from goodwill.settings.business import BusinessSettings

from tests.unit.clv import histories
from tests.unit.segments.people import AS_OF, RUN, Person, placed, warehouse_of


def scores(row: dict[str, int]) -> tuple[int, int, int]:
    return row["recency_score"], row["frequency_score"], row["monetary_score"]


@pytest.mark.parametrize(
    ("values", "bands"),
    [(1, [3]), (2, [2, 4]), (3, [1, 3, 5]), (5, [1, 2, 3, 4, 5]), (7, [1, 2, 2, 3, 4, 4, 5]), (10, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])],
)
def test_bands_are_even_over_distinct_values(values: int, bands: list[int]) -> None:
    connection = duckdb.connect()
    assert [connection.execute(f"select {band_sql(str(rank), str(values))}").fetchall()[0][0] for rank in range(1, values + 1)] == bands


def test_equal_inputs_get_the_equal_score() -> None:
    same = [Person(f"same{i}", bought=(50,), revenue=10) for i in range(97)]
    rows = placed(*same, Person("better", bought=(90, 60, 10), revenue=900))
    assert {scores(rows[person.person_id]) for person in same} == {(2, 2, 2)}
    assert scores(rows["better"]) == (4, 4, 4)


def test_more_recent_more_often_more_money_score_higher() -> None:
    rows = placed(*(Person(f"p{i}", bought=tuple(range(100 - 10 * i, 100 - 8 * i)), revenue=10 * i) for i in range(1, 6)))
    assert [scores(rows[f"p{i}"]) for i in range(1, 6)] == [(i, i, i) for i in range(1, 6)]
    assert rows["p5"]["rfm_group"] == "champions"
    assert "recency 5 (last purchase 50 days ago)" in rows["p5"]["rfm_reason"]


@pytest.mark.parametrize(
    ("recency", "frequency", "monetary", "days", "group"),
    [
        (4, 4, 4, 9, "champions"),
        (4, 4, 3, 9, "regulars"),
        (3, 4, 4, 9, "regulars"),
        (3, 3, 4, 3, "big_spenders"),
        (4, 1, 3, 1, "newcomers"),
        (4, 1, 3, 2, "promising"),
        (5, 3, 3, 3, "promising"),
        (2, 3, 1, 3, "slipping"),
        (2, 2, 3, 2, "slipping"),
        (2, 5, 5, 9, "slipping"),
        (2, 2, 2, 2, "hibernating"),
        (1, 1, 1, 1, "hibernating"),
        (3, 3, 3, 3, "steady"),
        (3, 1, 1, 1, "steady"),
    ],
)
def test_group(recency: int, frequency: int, monetary: int, days: int, group: str) -> None:
    found = (
        duckdb.connect()
        .execute(
            f"select {code_sql(RFM_GROUPS, 'i')} from (select *, {index_sql(RFM_GROUPS)} as i "
            "from (select true as has_bought, false as is_guest, "
            "? as recency_score, ? as frequency_score, ? as monetary_score, ? as purchase_days) as facts) as decided",
            [recency, frequency, monetary, days],
        )
        .fetchall()
    )
    assert found == [(group,)]


def test_prospects_and_guests_have_no_rfm() -> None:
    rows = placed(Person("prospect"), Person("guest", bought=(3,), guest=True, model="guest"), Person("p", bought=(3,)))
    assert (rows["prospect"]["rfm_group"], rows["guest"]["rfm_group"]) == (None, None)
    assert scores(rows["p"]) == (3, 3, 3)


@pytest.mark.parametrize(
    ("person", "distance", "because"),
    [
        (Person("p", bought=(100,)), "existing", "has bought: first on 2024-02-22"),
        (Person("p", bought=(100,), referred=200), "existing", "has bought"),
        (Person("p", seen={"cart": 59}), "existing", "far into deciding: left a cart 59 days ago"),
        (Person("p", seen={"cart": 60}), "new", "nobody introduced"),
        (Person("p", referred=200), "network", "introduced by a customer on 2023-11-14"),
        (Person("p", seen={"invited": 20}), "network", "invited by a customer on 2024-05-12"),
        (Person("p", referred=200, seen={"quote": 1}), "existing", "asked for a quote"),
        (Person("p"), "new", "nobody introduced"),
    ],
)
def test_distance(person: Person, distance: str, because: str) -> None:
    row = placed(person)["p"]
    assert row["distance"] == distance
    assert because in row["distance_reason"]


def test_nobody_at_all() -> None:
    connection = warehouse_of()
    assert assign(connection, BusinessSettings(), RUN, AS_OF) == {"people": 0, "changed": 0}
    assert connection.execute("select count(*) from model.segment_assignments").fetchall() == [(0,)]


def test_everybody_of_cdnow_is_placed_once_with_reasons() -> None:
    connection = histories.cdnow_sample()
    as_of = histories.dt.date(1997, 9, 30)
    clv.fit(connection, BusinessSettings(), RUN, as_of)
    clv.score(connection, BusinessSettings(), RUN, as_of)
    clv.write_silences(connection, RUN, 0.5, 28)
    figures = assign(connection, BusinessSettings(), RUN, as_of)
    assert figures["people"] == 2357
    holes = connection.execute(
        """
        select count(*) from model.segment_assignments
        where value_class is null or (life_cycle_stage in ('at_risk', 'lapsed')) <> (churn_onset_on is not null)
            or churn_onset_on > date '1997-09-30' or churn_onset_reason like '%unknown%' or early_warning_reason like '%unknown%' or life_cycle_stage is null or distance <> 'existing' or rfm_group is null
            or value_class_reason like '%unknown%' or life_cycle_reason like '%unknown%' or rfm_reason like '%unknown%'
        """
    ).fetchall()
    assert holes == [(0,)]
    share = connection.execute(
        """
        select sum(actual_value_amount) filter (where value_class = 'most_valuable') / sum(actual_value_amount)
        from model.segment_assignments
        """
    ).fetchall()[0][0]
    assert 0.5 <= float(share) < 0.51
    repeated = connection.execute("select * from model.segment_assignments order by person_id").fetchall()
    assign(connection, BusinessSettings(), RUN, as_of)
    assert connection.execute("select * from model.segment_assignments order by person_id").fetchall() == repeated
