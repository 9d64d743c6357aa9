"""What a class remembers: hysteresis, month-ends below zero, previous places with their dates, and the ledger between nights."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill.errors import GoodwillError
from goodwill.forgetting import elsewhere
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces
from goodwill.segments import Ledger, confirm
from goodwill.segments.memory import last_month_ends
from goodwill.segments.value_portfolio import BORDERS, stays_sql
from goodwill.settings.business import BusinessSettings, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.segments.people import Nights, Person, rows_of

OLD = (400, 300)
D = dt.date


def worth(name: str, margin: float, clv: float = 0.0, **more: Any) -> Person:
    return Person(name, **({"bought": OLD, "margin": margin, "clv": clv} | more))


def only_valuable(**more: Any) -> BusinessSettings:
    """Nobody is growable, so that there are two classes to stand in."""
    return BusinessSettings(value=Value(potential_quantile=0.0, **more))


def crowd(value: float) -> tuple[Person, ...]:
    """A customer worth `value` beside others, of whom the most valuable hold half with those worth 100 and more."""
    return (worth("p", value), *(worth(f"best{i}", 100.0) for i in range(10)), *(worth(f"rest{i:03}", 5.0) for i in range(170)))


def held(connection: duckdb.DuckDBPyConnection, person: str = "p") -> tuple[Any, ...]:
    row = rows_of(connection)[person]
    return row["value_class"], row["value_class_since_on"], row["previous_value_class"]


def test_a_class_is_kept_within_ten_percent_and_left_beyond(tmp_path: Path) -> None:
    nights = Nights(tmp_path, only_valuable())
    assert held(nights.night(D(2024, 1, 1), *crowd(100))) == ("most_valuable", D(2024, 1, 1), None)
    connection = nights.night(D(2024, 1, 2), *crowd(90.5))
    assert held(connection) == ("most_valuable", D(2024, 1, 1), None)
    reason = rows_of(connection)["p"]["value_class_reason"]
    assert reason.startswith("held as most_valuable since 2024-01-01: tonight alone it would be maintain since 2024-01-02")
    assert "actual value 90.50 = 90.50" in reason
    assert held(nights.night(D(2024, 1, 3), *crowd(89.5))) == ("maintain", D(2024, 1, 3), "most_valuable")
    assert held(nights.night(D(2024, 1, 4), *crowd(109))) == ("maintain", D(2024, 1, 3), "most_valuable")
    assert held(nights.night(D(2024, 1, 5), *crowd(111))) == ("most_valuable", D(2024, 1, 5), "maintain")


def test_two_months_outside_are_enough_if_nothing_interrupts_them(tmp_path: Path) -> None:
    nights = Nights(tmp_path, only_valuable())
    for day in (D(2024, 1, 1), D(2024, 1, 10)):
        nights.night(day, *crowd(100 if day.day == 1 else 95))
    assert held(nights.night(D(2024, 2, 20), *crowd(100)))[0] == "most_valuable"
    assert held(nights.night(D(2024, 3, 9), *crowd(95)))[0] == "most_valuable"
    assert held(nights.night(D(2024, 3, 10), *crowd(95)))[0] == "most_valuable", "the clock began anew on 9 March"
    assert held(nights.night(D(2024, 5, 8), *crowd(95)))[0] == "most_valuable"
    assert held(nights.night(D(2024, 5, 9), *crowd(95))) == ("maintain", D(2024, 5, 9), "most_valuable")


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        # two month-ends running, and tonight
        ({D(2024, 1, 31): -50, D(2024, 2, 29): -50}, "below_zero"),
        # the night that stands for a month-end is the last of its last seven days
        ({D(2024, 1, 25): -50, D(2024, 2, 28): -50, D(2024, 3, 1): -50}, "below_zero"),
        ({D(2024, 1, 24): -50, D(2024, 2, 28): -50, D(2024, 3, 1): -50}, "maintain"),
        ({D(2024, 1, 25): -50, D(2024, 1, 31): 50, D(2024, 2, 29): -50}, "maintain"),
        # not the first time, nor a month with a gap between
        ({D(2024, 2, 29): -50}, "maintain"),
        ({D(2023, 12, 31): -50, D(2024, 1, 31): 50, D(2024, 2, 29): -50}, "maintain"),
        ({D(2023, 12, 31): -50, D(2024, 2, 29): -50}, "maintain"),
        # 28 February is no month-end of 2024: January's is the last one, and one alone
        ({D(2024, 1, 31): -50, D(2024, 2, 28): -50}, "maintain"),
        # by less than a tenth of what a customer is usually worth (10 % of 40): below zero is not entered for that
        ({D(2024, 1, 31): 6.1, D(2024, 2, 29): 6.1}, "maintain"),
        ({D(2024, 1, 31): 5.9, D(2024, 2, 29): 5.9}, "below_zero"),
    ],
)
def test_below_zero_needs_two_month_ends(tmp_path: Path, nights: dict[D, float], expected: str) -> None:
    home = Nights(tmp_path, only_valuable(most_valuable_share=0.1))
    for day, value in nights.items():
        connection = home.night(day, worth("p", value, -10), *(worth(f"o{i}", 40.0) for i in range(3)))
    assert rows_of(connection)["p"]["value_class"] == expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (worth("p", -50, -5, high=-4.5), "below_zero"),
        (worth("p", -50, -5, high=0.0), "maintain"),
        (worth("p", 50, -100), "below_zero"),
        (worth("p", 200, -100), "most_valuable"),
        (worth("p", -50, -5, bought=(181, 100)), "maintain"),
        (worth("p", -50, -5, bought=(182, 100)), "below_zero"),
    ],
)
def test_below_zero_needs_past_and_bound_and_tenure(tmp_path: Path, person: Person, expected: str) -> None:
    nights = Nights(tmp_path, only_valuable())
    others = (worth("o", 40.0),)
    nights.night(D(2024, 1, 31), replace(person), *others)
    row = rows_of(nights.night(D(2024, 2, 29), person, *others))["p"]
    assert row["value_class"] == expected
    if expected == "below_zero":
        assert "and were on 2024-02-29 and on 2024-01-31" in row["value_class_reason"]


def test_a_first_night_calls_nobody_below_zero_and_says_why(tmp_path: Path) -> None:
    row = rows_of(Nights(tmp_path, only_valuable()).night(D(2024, 2, 15), worth("p", -50, -10), worth("o", 40.0)))["p"]
    assert (row["value_class"], row["is_loss"]) == ("maintain", True)
    assert "on 2024-01-31 not observed, on 2023-12-31 not observed" in row["value_class_reason"]


def test_below_zero_is_left_above_the_band_or_after_two_months(tmp_path: Path) -> None:
    nights = Nights(tmp_path, only_valuable(most_valuable_share=0.1))

    def at(day: D, value: float) -> Any:
        return held(nights.night(day, worth("p", value, -10), *(worth(f"o{i}", 40.0) for i in range(3))))[0]

    assert [at(D(2024, 1, 31), -50), at(D(2024, 2, 29), -50)] == ["maintain", "below_zero"]
    assert [at(D(2024, 3, 5), 13.9), at(D(2024, 3, 31), 13.9)] == ["below_zero", "below_zero"], (
        "3.90 with what is expected: inside the band"
    )
    assert at(D(2024, 5, 4), 13.9) == "below_zero"
    assert at(D(2024, 5, 5), 13.9) == "maintain"


def test_a_night_without_a_bound_puts_nobody_out_of_below_zero_and_nobody_in(tmp_path: Path) -> None:
    """No model scores: whoever is below zero stays, as long as the actual value is, and for no more than two months."""
    nights = Nights(tmp_path, only_valuable(most_valuable_share=0.1))

    def at(day: D, bounded: bool, value: float = -50) -> Any:
        others = (worth(f"o{i}", 40.0) for i in range(3))
        return held(nights.night(day, worth("p", value, -10, bounded=bounded), *others))[0]

    assert [at(D(2024, 1, 31), True), at(D(2024, 2, 29), False)] == ["maintain", "maintain"]
    assert [at(D(2024, 3, 31), True), at(D(2024, 4, 30), True)] == ["maintain", "below_zero"]
    assert [at(D(2024, 5, 2), False), at(D(2024, 7, 1), False)] == ["below_zero", "below_zero"]
    assert at(D(2024, 7, 2), False) == "maintain"
    assert [at(D(2024, 7, 31), True), at(D(2024, 8, 31), True), at(D(2024, 9, 1), False, 40)] == ["maintain", "below_zero", "maintain"]


def test_month_ends() -> None:
    assert last_month_ends(D(2024, 3, 31)) == (D(2024, 3, 31), D(2024, 2, 29))
    assert last_month_ends(D(2024, 3, 30)) == (D(2024, 2, 29), D(2024, 1, 31))
    assert last_month_ends(D(2024, 1, 1)) == (D(2023, 12, 31), D(2023, 11, 30))


def test_only_accepted_nights_are_remembered(tmp_path: Path) -> None:
    nights = Nights(tmp_path, only_valuable())
    nights.night(D(2024, 1, 1), *crowd(5), accepted=False)
    assert held(nights.night(D(2024, 1, 2), *crowd(100))) == ("most_valuable", D(2024, 1, 2), None)
    assert Ledger.read(nights.home, D(2024, 2, 1)).days == (D(2024, 1, 2),)


def test_a_night_repeated_replaces_itself_and_one_of_an_earlier_day_disturbs_nothing(tmp_path: Path) -> None:
    nights = Nights(tmp_path, only_valuable())
    nights.night(D(2024, 1, 1), *crowd(100))
    first = rows_of(nights.night(D(2024, 1, 2), *crowd(95)))
    again = rows_of(nights.night(D(2024, 1, 2), *crowd(95)))
    assert again == first
    # of the day that is done again only the last counts: 111 on 3 January, not 5
    nights.night(D(2024, 1, 3), *crowd(5))
    nights.night(D(2024, 1, 3), *crowd(111))
    earlier = nights.night(D(2024, 1, 2), *crowd(95))
    assert rows_of(earlier) == first, "a night of an earlier day decides as it did then"
    assert Ledger.read(nights.home, D(2024, 1, 4)).days == (D(2024, 1, 1), D(2024, 1, 2), D(2024, 1, 3))
    assert held(nights.night(D(2024, 1, 4), *crowd(111))) == ("most_valuable", D(2024, 1, 1), None)
    assert not confirm(nights.home, "run0006"), "the night of the earlier day is not in the ledger, and never will be"
    assert not confirm(nights.home, "run0001"), "no night is in it twice"


def test_the_ledger_keeps_changes_only_and_no_guest(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    people = [worth(f"p{i}", 10.0) for i in range(8)]
    guest = Person("guest", bought=(3,), guest=True, model="guest")
    assert len(rows_of(nights.night(D(2024, 1, 1), *people, guest), "model.segment_changes")) == 8
    same = nights.night(D(2024, 1, 2), *people, guest)
    assert rows_of(same, "model.segment_changes") == {}
    moved = rows_of(nights.night(D(2024, 1, 3), *people[1:], worth("new", 10.0), guest), "model.segment_changes")
    assert {name: row["is_gone"] for name, row in moved.items()} == {"p0": True, "new": False}
    assert rows_of(nights.night(D(2024, 1, 4), *people[1:], worth("new", 10.0), guest), "model.segment_changes") == {}


def test_rfm_group_stage_and_distance_keep_the_one_before_and_its_day(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    others = [Person(f"o{i}", bought=tuple(range(5, 365, 30)), revenue=500 + i) for i in range(5)]
    nights.night(D(2024, 1, 1), Person("p", seen={"cart": 3}), *others)
    row = rows_of(nights.night(D(2024, 1, 2), Person("p", bought=(0,), seen={"cart": 4}), *others))["p"]
    assert (row["life_cycle_stage_since_on"], row["previous_life_cycle_stage"]) == (D(2024, 1, 2), "prospect_in_decision")
    assert (row["distance_since_on"], row["previous_distance"]) == (D(2024, 1, 1), None)
    assert (row["rfm_group_since_on"], row["previous_rfm_group"]) == (D(2024, 1, 2), None)
    later = rows_of(nights.night(D(2024, 4, 2), Person("p", bought=(91,)), *others))["p"]
    assert (later["rfm_group"], later["rfm_group_since_on"], later["previous_rfm_group"]) == (
        "hibernating",
        D(2024, 4, 2),
        row["rfm_group"],
    )


def test_a_ledger_that_was_changed_is_refused(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night(D(2024, 1, 1), worth("p", 10))
    (folder,) = (tmp_path / "audit" / "segment_ledger").iterdir()
    assert {each.stat().st_mode & 0o077 for each in (folder, folder.parent)} == {0}, "people stand in it by the ids of their sources"
    path = folder / "changes.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(GoodwillError, match=r"changes\.parquet is not what was accepted"):
        Ledger.read(nights.home, D(2024, 1, 2))
    path.unlink()
    with pytest.raises(GoodwillError, match="cannot be read"):
        Ledger.read(nights.home, D(2024, 1, 2))
    assert Ledger.read(nights.home, D(2024, 1, 1)).nights == (), "a night of an earlier day does not read it"


def test_an_erasure_takes_a_person_out_of_the_ledger_and_it_stays_readable(tmp_path: Path) -> None:
    """Quaxi was known by two ids, which are one since: what changed under both on one night is one change, and the classes of others stand."""
    nights = Nights(tmp_path, only_valuable())
    nights.night(D(2024, 1, 1), worth("quaxi", 7), worth("email:quaxi", 8), *crowd(100))
    elsewhere.clear(nights.home, Traces({"quaxi": "erased:1", "email:quaxi": "erased:1"}), lambda path: None)
    assert elsewhere.left(nights.home, Traces({}, Sought(frozenset({"quaxi"})))) == []
    connection = nights.night(D(2024, 1, 2), worth("erased:1", 7), *crowd(95))
    assert held(connection) == ("most_valuable", D(2024, 1, 1), None)
    assert held(connection, "erased:1") == ("maintain", D(2024, 1, 1), None)
    assert connection.execute("select count(*) from model.recorded_changes where person_id = 'erased:1'").fetchall() == [(1,)]
    (facts,) = (tmp_path / "audit" / "segment_ledger").glob("*2024-01-01*/night.json")
    assert '"erased_in"' in facts.read_text(encoding="utf-8")


_LIMITS = "100.0 as most_valuable_cut, 50.0 as growable_cut, 1.5 as value_growable_ratio, 0.1 as value_hysteresis_share, 4.0 as zero_band"


def _stays(held_class: str, facts: dict[str, float]) -> tuple[bool, str]:
    """Whether a class is kept by moved limits, and the class by tonight's figures alone."""
    given_facts = ", ".join(f"{value!r} as {name}" for name, value in facts.items())
    tonight = " ".join(f"when {border.rule.when} then '{border.code}'" for border in BORDERS)
    row = duckdb.execute(
        f"select {stays_sql('held')}, case {tonight} else 'maintain' end from (select '{held_class}' as held, {_LIMITS}, {given_facts}, "
        "200 as age_days, 182 as value_below_zero_tenure_days, true as was_loss_on_month_end, true as was_loss_on_month_end_before)"
    ).fetchone()
    assert row is not None
    return row


@settings(max_examples=150, deadline=None)
@given(
    held_class=st.sampled_from(["below_zero", "most_valuable", "most_growable", "maintain"]),
    actual=st.floats(-50, 300).map(lambda value: round(value, 2)),
    potential=st.floats(-50, 300).map(lambda value: round(value, 2)),
)
def test_whoever_does_not_stay_is_in_another_class_tonight(held_class: str, actual: float, potential: float) -> None:
    """Limits moved in favour of a class never throw out somebody whom the limits themselves keep."""
    facts = {
        "actual_value_amount": actual,
        "clv_12_high_80": actual / 2,
        "potential_value_amount": potential,
        "value_gap_amount": potential - actual,
    }
    stays, tonight = _stays(held_class, facts)
    assert stays or tonight != held_class


@settings(max_examples=100, deadline=None)
@given(shares=st.lists(st.floats(-0.0999, 0.0999), min_size=2, max_size=6), at_cut=st.booleans())
def test_a_value_that_swings_within_ten_percent_never_changes_the_class(shares: list[float], at_cut: bool) -> None:
    """About the cut of the most valuable, and about zero: whatever class the first value gives, every later one leaves it."""
    values = [100 * (1 + share) if at_cut else 40 * share for share in shares]
    facts = [
        {"actual_value_amount": value, "clv_12_high_80": value, "potential_value_amount": value, "value_gap_amount": 0.0}
        for value in values
    ]
    _, first = _stays("maintain", facts[0])
    assert all(_stays(first, each)[0] for each in facts)
