"""What came in tonight, beside what the last good nights brought: in a real DuckDB, with nights that are made to be odd in one way each."""

from __future__ import annotations

import datetime as dt
import json
import random

import duckdb
import pytest
from goodwill.drift import Arrival, Finding, arrivals, measure, read_drift, record, write_drift
from goodwill.drift.levels import Night, freshness, volume

THRESHOLDS = (0.1, 0.25)
FIRST = dt.date(2026, 10, 1)


def at(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def run(number: int, batches: int, verdict: str = "published") -> dict[str, object]:
    return {"run_id": f"run-{number}", "as_of": str(at(number)), "verdict": verdict, "batches": [f"b{n}" for n in range(batches)]}


@pytest.fixture
def warehouse():
    """Twelve nights of 200 orders, a batch each."""
    with duckdb.connect() as connection:
        connection.execute("create schema staging; create schema control; create schema audit")
        connection.execute("create table control.sources as select 'orders' as entity, 'shop' as source")
        connection.execute(
            "create table staging.base_orders (ordered_at timestamp, net_amount decimal(18, 2), channel varchar, contact_ref varchar, "
            "_source varchar, _batch_id varchar, _row_no bigint, row_status varchar)"
        )
        chance = random.Random(3)
        for number in range(12):
            fill(connection, number, 200, chance)
        yield connection


def fill(connection, number: int, rows: int, chance: random.Random, factor: float = 1, app: float = 0.2, days_late: int = 0) -> None:
    """One batch of orders of the night's day."""
    connection.executemany(
        "insert into staging.base_orders values (?, ?, ?, ?, 'shop', ?, ?, 'accepted')",
        [
            (
                dt.datetime.combine(at(number - days_late), dt.time(chance.randrange(24))),
                round(chance.lognormvariate(3, 0.5) * factor, 2),
                "app" if chance.random() < app else "web",
                f"c{chance.randrange(50)}@example.com",
                f"b{number}",
                row,
            )
            for row in range(rows)
        ],
    )


def found(connection, number: int) -> dict[str, Finding]:
    """The findings of a night that brings the batch of its number."""
    runs = [run(each, each + 1) for each in range(number)] + [run(number, number + 1, "running")]
    tonight, before = arrivals(runs, f"run-{number}", at(number), [f"b{n}" for n in range(number + 1)], 28)
    return {finding.measure: finding for finding in measure(connection, tonight, before, THRESHOLDS).findings}


def test_a_night_like_the_others_has_not_moved(warehouse):
    night = found(warehouse, 11)
    assert {finding.verdict for finding in night.values()} == {"steady"}
    assert set(night) == {"rows", "newest_event", "net_amount", "channel", "part_of_day", "buyer_known"}
    assert (night["rows"].rows_now, night["rows"].rows_before, night["rows"].nights_before) == (200, 200, 11)
    assert night["net_amount"].rows_before == 11 * 200


def test_amounts_of_another_unit_have_moved_and_nothing_else_has(warehouse):
    fill(warehouse, 12, 200, random.Random(5), factor=100)
    night = found(warehouse, 12)
    assert night["net_amount"].verdict == "moved"
    assert night["net_amount"].value > 5
    assert {name for name, finding in night.items() if finding.verdict == "moved"} == {"net_amount"}
    assert night["net_amount"].sentence.startswith("shop (orders): net amount: PSI ")


def test_another_mix_has_moved_and_says_where(warehouse):
    fill(warehouse, 12, 200, random.Random(5), app=0.7)
    night = found(warehouse, 12)
    assert night["channel"].verdict == "moved"
    assert "most at 'web'" in night["channel"].sentence or "most at 'app'" in night["channel"].sentence
    assert [share.label for share in night["channel"].shares] == ["web", "app"]


@pytest.mark.parametrize(("rows", "verdict"), [(200, "steady"), (290, "steady"), (310, "moved"), (140, "steady"), (130, "moved")])
def test_volume_moves_beyond_half_more_than_the_most_and_below_two_thirds_of_the_fewest(warehouse, rows, verdict):
    fill(warehouse, 12, rows, random.Random(5))
    assert found(warehouse, 12)["rows"].verdict == verdict


def test_old_events_are_late(warehouse):
    fill(warehouse, 12, 200, random.Random(5), days_late=1)
    assert found(warehouse, 12)["newest_event"].verdict == "steady"
    fill(warehouse, 13, 200, random.Random(5), days_late=3)
    late = found(warehouse, 13)["newest_event"]
    assert (late.verdict, late.value, late.limit) == ("moved", 3, 1)


def test_a_few_rows_say_nothing(warehouse):
    fill(warehouse, 12, 20, random.Random(5), factor=100)
    assert found(warehouse, 12)["net_amount"].verdict == "too_few"


def test_a_first_night_has_nothing_before_it(warehouse):
    night = found(warehouse, 0)
    assert {finding.verdict for finding in night.values()} == {"first"}


def test_a_night_without_news_says_so(warehouse):
    assert {finding.verdict for finding in found(warehouse, 12).values()} == {"none"}


def test_words_that_are_rare_or_look_like_a_person_are_not_told(warehouse):
    warehouse.execute("update staging.base_orders set channel = 'anna@example.com' where _batch_id = 'b11' and _row_no < 20")
    warehouse.execute("update staging.base_orders set channel = 'once' where _batch_id = 'b11' and _row_no = 30")
    assert {share.label for share in found(warehouse, 11)["channel"].shares} == {"web", "app", "(other)"}


def test_nights_that_were_not_published_or_are_about_a_later_day_do_not_count():
    runs = [run(0, 1), run(1, 2, "blocked"), run(9, 4), run(2, 3), run(3, 5, "running")]
    tonight, before = arrivals(runs, "run-3", at(3), [f"b{n}" for n in range(5)], 28)
    assert [(night.run_id, night.batches) for night in before] == [("run-2", ("b1", "b2")), ("run-0", ("b0",))]
    assert tonight == Arrival("run-3", at(3), ("b3", "b4"))


def test_the_first_night_that_brings_years_does_not_widen_what_is_usual():
    usual = [Night(at(number), rows, at(number)) for number, rows in enumerate([50_000, 100, 110, 90, 95, 105])]
    assert volume("shop", "orders", Night(at(7), 400, at(7)), usual).verdict == "moved"
    assert volume("shop", "orders", Night(at(7), 120, at(7)), usual).verdict == "steady"


def test_too_few_nights_say_nothing():
    usual = [Night(at(number), 100, at(number)) for number in range(4)]
    assert volume("shop", "orders", Night(at(7), 9_000, at(7)), usual).verdict == "too_few"
    assert freshness("shop", "orders", Night(at(9), 100, at(1)), usual).verdict == "too_few"


def test_what_was_found_is_kept_and_published(warehouse, tmp_path):
    fill(warehouse, 12, 200, random.Random(5), app=0.7)
    runs = [run(each, each + 1) for each in range(13)]
    drift = measure(warehouse, *arrivals(runs, "run-12", at(12), [f"b{n}" for n in range(13)], 28), THRESHOLDS)
    write_drift(tmp_path, drift)
    assert read_drift(tmp_path) == drift
    assert read_drift(tmp_path / "nowhere") is None
    assert json.loads((tmp_path / "drift.json").read_text())["nights"][0] == "run-11"
    record(warehouse, "run-12", drift)
    assert warehouse.execute("select count(*) from audit.drift where verdict = 'moved'").fetchall() == [(1,)]
    assert warehouse.execute("select class, rows_now from audit.drift_shares where measure = 'channel' order by position").fetchall() == [
        (share.label, share.rows_now) for share in next(each for each in drift.findings if each.measure == "channel").shares
    ]
