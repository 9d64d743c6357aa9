"""Each stage on both sides of its limit, and which one wins."""

from __future__ import annotations

import pytest
from goodwill.settings.business import BusinessSettings, LifeCycle

from tests.unit.segments.people import Person, placed

#: Steady customers with gaps of 30 days: everybody's usual gap is 30 then, and so is the shrunk one of whoever has the same gaps.
STEADY = [Person(f"steady{i}", bought=tuple(range(5, 365, 30))) for i in range(30)]


def stage(person: Person, settings: BusinessSettings | None = None) -> tuple[str, str]:
    row = placed(person, *STEADY, settings=settings)[person.person_id]
    return row["life_cycle_stage"], row["life_cycle_reason"]


@pytest.mark.parametrize(
    ("person", "expected", "because"),
    [
        (Person("p", seen={"deleted": 10}), "lost", "deleted on 2024-05-22"),
        (Person("p", bought=(20,), seen={"deleted": 20}), "lost", "asked to go"),
        (Person("p", bought=(9,), seen={"deleted": 10}), "welcome", "9 days ago"),
        (Person("p", bought=(20,), subscribed=False, seen={"subscription_ended": 20}), "lost", "contract ended on 2024-05-12"),
        (Person("p", bought=(20,), subscribed=False, seen={"subscription_ended": 21}), "welcome", "20 days ago"),
        (Person("p", bought=(20,), subscribed=True, seen={"subscription_ended": 20}), "welcome", "20 days ago"),
        # own gaps 30 and 181 make a usual one of (2 * 181 + 3 * 30) / 5 = 90.4 days, and 181 is more than twice that; 180 is not
        (Person("p", bought=(221, 191, 10)), "won_back", "after 181 days away"),
        (Person("p", bought=(220, 190, 10)), "won_back", "after 180 days away"),
        (Person("p", bought=(350, 320, 20)), "won_back", "after 300 days away"),
        (Person("p", bought=(429, 389, 89)), "won_back", "first 90 days"),
        (Person("p", bought=(430, 390, 90)), "loyal", "90 days ago"),
        (Person("p", bought=(59,)), "welcome", "within 60 days"),
        (Person("p", bought=(59, 58)), "lapsed", "more than 2.0 times"),
        (Person("p", bought=(60,)), "at_risk", "60 days ago"),
        (Person("p", bought=(10,), left_censored=True), "active", "purchase days: 1"),
        (Person("p", bought=(100, 70, 40, 10), p_alive=0.199), "lapsed", "0.20, below 0.20"),
        (Person("p", bought=(100, 70, 40, 10), p_alive=0.2), "at_risk", "0.20, below 0.50"),
        (Person("p", bought=(100, 70, 40, 10), p_alive=0.499), "at_risk", "below 0.50"),
        (Person("p", bought=(100, 70, 40, 10), p_alive=0.5), "loyal", "4 purchase days"),
        (Person("p", bought=(151, 121, 91, 61)), "lapsed", "61 days ago, more than 2.0 times 30.0 days"),
        (Person("p", bought=(150, 120, 90, 60)), "at_risk", "60 days ago, more than 30.0 days"),
        (Person("p", bought=(121, 91, 61, 31)), "at_risk", "31 days ago"),
        (Person("p", bought=(120, 90, 60, 30)), "loyal", "within 30.0 days"),
        (Person("p", bought=(90, 60, 30)), "loyal", "at least 3"),
        (Person("p", bought=(60, 30)), "active", "no other stage"),
        (Person("p", subscribed=True), "active", "a contract runs; nothing else was bought yet"),
        (Person("p", subscribed=True, seen={"quote": 1}), "active", "a contract runs"),
        (Person("p", subscribed=True, seen={"deleted": 10}), "lost", "asked to go"),
        (Person("p", subscribed=False, seen={"subscription_ended": 20}), "lost", "contract ended on 2024-05-12"),
        (Person("p", bought=(151, 121, 91, 61), subscribed=True), "active", "a contract runs, so still a customer"),
        (Person("p", bought=(100, 70, 40, 10), subscribed=True, p_alive=0.1), "active", "a contract runs, so still a customer"),
        (Person("p", bought=(90, 60, 30), subscribed=True), "loyal", "at least 3"),
        (Person("p", seen={"quote": 59}), "prospect_in_decision", "asked for a quote 59 days ago"),
        (Person("p", seen={"quote": 60}), "prospect", "no purchase yet"),
        (Person("p", seen={"quote": 50, "cart": 3}), "prospect_in_decision", "left a cart 3 days ago"),
        (Person("p", seen={"fair": 0}), "prospect_in_decision", "met at a fair 0 days ago"),
        (Person("p"), "prospect", "no purchase yet"),
        (Person("p", bought=(20,), seen={"quote": 1}), "welcome", "first purchase"),
    ],
)
def test_stage(person: Person, expected: str, because: str) -> None:
    found, reason = stage(person)
    assert found == expected
    assert because in reason
    assert "unknown" not in reason


def test_lost_before_won_back_before_everything() -> None:
    back = (350, 320, 20)
    assert stage(Person("p", bought=back, p_alive=0.01))[0] == "won_back"
    assert stage(Person("p", bought=back, p_alive=0.01, seen={"deleted": 1}))[0] == "lost"


def test_a_daily_buyer_back_from_holidays_is_not_won_back() -> None:
    """Their own usual gap is two days and a half; everybody's is 30, and twice that is the least that ends a first life."""

    def daily(away: int) -> Person:
        return Person("p", bought=(*range(1 + away + 60, away, -1), 1))

    assert stage(daily(60))[0] == "loyal"
    assert stage(daily(61))[0] == "won_back"


@pytest.mark.parametrize("days", range(2, 13))
def test_a_break_is_not_judged_by_itself(days: int) -> None:
    """However many purchases came before it: of few gaps the 90th percentile is the largest, and that would be the break."""
    before = tuple(range(600, 600 - 30 * (days - 1), -30))
    rows = placed(Person("p", bought=(*before, 20)), *STEADY)
    assert rows["p"]["life_cycle_stage"] == "won_back"
    assert f"after {before[-1] - 20} days away, more than 2.0 times the usual gap until then (30.0 days)" in rows["p"]["life_cycle_reason"]


def test_a_break_is_judged_by_what_was_usual_until_then() -> None:
    """Gaps of 100 days, three of them, are weighed with everybody's 30: (3 * 100 + 3 * 30) / 6 days were usual, and twice that is 130."""
    stages = [placed(Person("p", bought=(460, 360, 260, 160, 160 - away)), *STEADY)["p"]["life_cycle_stage"] for away in (130, 131)]
    assert stages == ["loyal", "won_back"]


def test_a_new_customer_is_welcomed_whatever_the_model_says() -> None:
    assert stage(Person("p", bought=(10,), p_alive=0.1))[0] == "welcome"


@pytest.mark.parametrize("model", ["bg_nbd", "constant_rate", "guest"])
def test_only_mbg_nbd_says_who_is_gone(model: str) -> None:
    assert stage(Person("p", bought=(90, 60, 30), p_alive=0.0, model=model))[0] == "loyal"
    assert stage(Person("p", bought=(1090, 1060, 1030), p_alive=1.0, model=model))[0] == "lapsed"


def test_own_gap_counts_the_more_the_more_gaps_there_are() -> None:
    """Everybody's usual gap is 30 days or so; a yearly buyer with one gap of a year is given (1 * 365 + 3 * 30) / 4 days of patience."""
    few, many = Person("few", bought=(465, 100)), Person("many", bought=tuple(range(100, 3000, 365)))
    rows = placed(few, many, *STEADY)
    assert rows["few"]["life_cycle_stage"] == "active"
    assert rows["many"]["life_cycle_stage"] == "loyal"
    assert "within 264.5 days" in rows["many"]["life_cycle_reason"]


def test_guests_go_through_the_stages_by_everybodys_gap() -> None:
    assert stage(Person("guest", bought=(10,), guest=True, model="guest", p_alive=0.0))[0] == "welcome"
    assert stage(Person("guest", bought=(61,), guest=True, model="guest", p_alive=0.0))[0] == "lapsed"


def test_nobody_ever_came_back_so_there_is_no_usual_gap() -> None:
    rows = placed(Person("old", bought=(900,), model="constant_rate"), Person("new", bought=(5,), model="constant_rate"))
    assert (rows["old"]["life_cycle_stage"], rows["new"]["life_cycle_stage"]) == ("active", "welcome")


def test_limits_are_settings() -> None:
    patient = BusinessSettings(life_cycle=LifeCycle(welcome_days=300, decision_days=300, loyal_purchase_days=2))
    assert stage(Person("p", bought=(299,)), patient)[0] == "welcome"
    assert stage(Person("p", seen={"cart": 299}), patient)[0] == "prospect_in_decision"
    assert stage(Person("p", bought=(60, 30)), patient)[0] == "loyal"
