"""What moved since earlier accepted nights, on the page and by hand; and what a first night says instead."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from goodwill.report import build_report
from goodwill.report.charts import charts
from goodwill.report.facts import Facts, gather

from tests.unit.report.report_night import SmallNight, published_night

#: Ten customers as in `report_night`: on 1 November one of today's most valuable was to maintain, and one of today's was not there.
PLACES = """
create table marts.clv_customers as from model.clv_scores;
create table marts.segments as select *, case when person_id in ('shop:5', 'shop:6') then 'falling' end as early_warning,
    case when life_cycle_stage = 'lapsed' then date '2017-12-10' end as churn_onset_on from model.segment_assignments;
create table marts.customer_history (person_id varchar, valid_from_on date, valid_to_on date, is_current boolean, life_cycle_stage varchar, value_class varchar);
insert into marts.customer_history
    select person_id, case when person_id = 'shop:1' then date '2017-12-31' else date '2017-11-01' end, null, true, life_cycle_stage, value_class
    from marts.segments where person_id <> 'shop:9';
insert into marts.customer_history values
    ('shop:9', date '2017-11-01', date '2017-12-30', false, 'active', 'maintain'), ('shop:9', date '2017-12-30', null, true, 'active', 'most_valuable'),
    ('shop:gone', date '2017-11-01', date '2017-12-30', false, 'active', 'maintain');
create table marts.segment_sizes as select * from (values
    (date '2017-11-01', 'value_class', 'most_valuable', 2), (date '2017-11-01', 'value_class', 'maintain', 8),
    (date '2017-12-30', 'value_class', 'most_valuable', 3), (date '2017-12-30', 'value_class', 'maintain', 6),
    (date '2017-12-30', 'value_class', 'below_zero', 1), (date '2017-12-30', 'value_class', 'none', 4),
    (date '2017-12-31', 'value_class', 'most_valuable', 3), (date '2017-12-31', 'value_class', 'maintain', 7)) t(measured_on, division, segment, people_count);
create table marts.customer_equity as select * from (values
    (date '2017-11-01', 'all', 'all', 430.00, null, null, null, null, null, null),
    (date '2017-12-30', 'all', 'all', 440.00, 10.00, 5.00, 20.00, 1.00, -16.00, 0.00),
    (date '2017-12-31', 'all', 'all', 450.00, 10.00, 10.00, 0.00, 0.00, 0.00, 0.00),
    (date '2017-12-30', 'value_class', 'most_valuable', 240.00, 90.00, 0.00, 10.00, 0.00, 0.00, 80.00),
    (date '2017-12-31', 'value_class', 'most_valuable', 240.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    (date '2017-12-31', 'acquisition_channel', 'web', 450.00, 10.00, 10.00, 0.00, 0.00, 0.00, 0.00))
    t(measured_on, division, segment, clv_12_amount, change_amount, new_amount, kept_amount, won_back_amount, lost_amount, moved_amount)
"""


@pytest.fixture
def night(tmp_path: Path) -> SmallNight:
    made = published_night(tmp_path)
    with duckdb.connect(str(made.warehouse)) as connection:
        connection.execute(PLACES)
    return made


def facts_of(night: SmallNight) -> Facts:
    facts = gather(night.warehouse, night.run, "published")
    assert facts.troubles == ()
    return facts


def test_movements_since_a_month_ago(night: SmallNight) -> None:
    changes = facts_of(night).changes
    assert changes is not None
    assert changes.since == dt.date(2017, 11, 1), "the last accepted night that is at least 30 days old"
    assert changes.value_class is not None
    assert changes.value_class.people == {
        ("most_valuable", "most_valuable"): 2,
        ("maintain", "most_valuable"): 1,
        ("maintain", "maintain"): 6,
        ("maintain", "none"): 1,
        ("none", "maintain"): 1,
    }
    assert changes.value_class.moved == 3
    assert changes.value_class.share("maintain", "maintain") == pytest.approx(6 / 8)
    assert [code for code, _ in changes.value_class.begins] == ["most_valuable", "maintain", "none"]
    assert [code for code, _ in changes.value_class.ends] == ["most_valuable", "maintain", "none"]
    assert changes.life_cycle is not None
    assert [code for code, _ in changes.life_cycle.begins] == ["active", "lapsed", "none"]


def test_the_parts_of_the_equity_add_up_over_nights(night: SmallNight) -> None:
    changes = facts_of(night).changes
    assert changes is not None
    whole = changes.whole
    assert whole is not None
    assert (whole.before, whole.now) == (Decimal("430.00"), Decimal("450.00"))
    assert [amount for _, amount in whole.parts] == [Decimal("15.00"), Decimal("20.00"), Decimal("1.00"), Decimal("-16.00")]
    assert whole.before + sum(amount for _, amount in whole.parts) == whole.now
    assert [(split.code, split.before, split.moved, split.now) for split in changes.by_class] == [
        ("most_valuable", Decimal("150.00"), Decimal("80.00"), Decimal("240.00"))
    ]
    (drawn,) = charts(facts_of(night))["equity"]["series"]
    assert [point["value"] for point in drawn["data"]] == [15, 20, 1, -16, 20], "the last one is all of them"
    assert [point["label"]["position"] for point in drawn["data"]] == ["right", "right", "right", "left", "right"]


def test_warnings_onsets_and_changes_of_size(night: SmallNight) -> None:
    facts = facts_of(night)
    assert facts.changes is not None
    assert facts.segments is not None
    assert [(each.people, each.clv) for each in facts.changes.warned] == [(2, Decimal("110.00"))]
    assert facts.changes.onsets is not None
    assert (facts.changes.onsets.people, facts.changes.onsets.clv) == (2, Decimal("10.00"))
    assert facts.segments.value_class.compared_with == dt.date(2017, 12, 30)
    assert [(group.code, group.more) for group in facts.segments.value_class.groups] == [("most_valuable", 0), ("maintain", 1)]
    assert facts.segments.value_class.more == 0, "one more to maintain, one less below zero, where nobody is left; prospects do not count"


def test_the_page_shows_them(night: SmallNight, tmp_path: Path) -> None:
    html = build_report(night.warehouse, night.run, tmp_path / "index.html", verdict="published").read_text(encoding="utf-8")
    assert "change since the night of 30 December 2017" in html
    assert "Who moved between classes since 1 November 2017" in html
    assert "Of 2 customers it began to go wrong in the last 30 days" in html
    assert "What changed it" in html


def test_a_first_night_says_that_it_is_one(night: SmallNight, tmp_path: Path) -> None:
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("delete from marts.segment_sizes where measured_on < date '2017-12-31'")
    facts = facts_of(night)
    assert facts.changes is not None
    assert (facts.changes.since, facts.changes.whole, facts.changes.value_class) == (None, None, None)
    assert facts.segments is not None
    assert facts.segments.value_class.more is None
    html = build_report(night.warehouse, night.run, tmp_path / "index.html", verdict="published").read_text(encoding="utf-8")
    assert "this is the first that the ledger knows" in html
    assert "What changed it" not in html
