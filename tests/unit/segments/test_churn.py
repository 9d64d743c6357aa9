"""When it began to go wrong, on both sides of each limit; that the day stands once decided; and who is about to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.unit.segments.people import AS_OF, Nights, Person, ago, placed, rows_of

#: Steady customers with gaps of 30 days: everybody's usual gap is 30 then.
STEADY = [Person(f"steady{i}", bought=tuple(range(5, 365, 30))) for i in range(30)]


@pytest.mark.parametrize(
    ("person", "since", "because"),
    [
        # silent for 31 days is longer than the usual 30: it began on the 31st
        (Person("p", bought=(121, 91, 61, 31)), 0, "longer than 30.0 days"),
        (Person("p", bought=(150, 120, 90, 60)), 29, "no purchase since 2024-04-02"),
        (Person("p", bought=(120, 90, 60, 30)), None, None),
        # below the limit of P(alive) 12 days ago, long before the gap was
        (Person("p", bought=(100, 70, 40, 20), p_alive=0.3, p_below=12), 12, "fell below 0.50"),
        (Person("p", bought=(100, 70, 40, 20), p_alive=0.5), None, None),
        # both: the earlier one counts
        (Person("p", bought=(150, 120, 90, 60), p_alive=0.1, p_below=35), 35, "fell below 0.50"),
        (Person("p", bought=(150, 120, 90, 60), p_alive=0.1, p_below=20), 29, "longer than 30.0 days"),
        (Person("p", seen={"deleted": 10}), 10, "asked to go, or the contract ended, on 2024-05-22"),
        (Person("p", bought=(150, 120, 90, 60), seen={"deleted": 40}), 40, "asked to go"),
        (Person("p", bought=(150, 120, 90, 60), seen={"deleted": 10}), 29, "longer than"),
        # a contract of before they bought again is not what they left by; one that ended since is
        (Person("p", bought=(150, 120, 90, 60), subscribed=False, seen={"deleted": 40, "subscription_ended": 100}), 40, "asked to go"),
        (Person("p", bought=(150, 120, 90, 60), subscribed=False, seen={"deleted": 40, "subscription_ended": 50}), 50, "asked to go"),
        # a new customer is welcomed, whatever the model says
        (Person("p", bought=(10,), p_alive=0.1, p_below=9), None, None),
        (Person("p"), None, None),
    ],
)
def test_onset(person: Person, since: int | None, because: str | None) -> None:
    row = placed(person, *STEADY)["p"]
    assert row["churn_onset_on"] == ago(since)
    assert (row["churn_onset_reason"] is None) == (because is None)
    assert because is None or because in row["churn_onset_reason"]
    assert "unknown" not in (row["churn_onset_reason"] or "")


def test_an_onset_once_decided_stands_until_the_customer_is_back(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    day = AS_OF

    def onset(as_of: dt.date, person: Person) -> tuple[dt.date | None, str | None]:
        row = rows_of(nights.night(as_of, person, *STEADY))["p"]
        return row["churn_onset_on"], row["churn_onset_reason"]

    first = onset(day, Person("p", bought=(150, 120, 90, 60)))
    assert first[0] == day - dt.timedelta(days=29)
    # another night's parameters say that P(alive) fell earlier: what was decided stands
    assert onset(day + dt.timedelta(days=1), Person("p", bought=(151, 121, 91, 61), p_alive=0.1, p_below=50)) == first
    assert onset(day + dt.timedelta(days=2), Person("p", bought=(152, 122, 92, 62, 0)))[0] is None
    again = onset(day + dt.timedelta(days=95), Person("p", bought=(245, 215, 185, 155, 93)))
    assert again[0] == day + dt.timedelta(days=2 + 49), "their usual gap has grown to (4 * 62 + 3 * 30) / 7 = 48.3 days"


@pytest.mark.parametrize(
    ("person", "warning", "because"),
    [
        (Person("p", bought=(90, 60, 30, 10), p_alive=0.7, p_before=0.9), "falling", "fell from 0.90 to 0.70 in 28 days"),
        (Person("p", bought=(90, 60, 30, 10), p_alive=0.71, p_before=0.9), None, None),
        (Person("p", bought=(90, 60, 30, 10), p_alive=0.7), None, None),
        (Person("p", bought=(114, 84, 54, 24)), "nearly_overdue", "24 days ago, at least 80 % of 30.0 days"),
        (Person("p", bought=(113, 83, 53, 23)), None, None),
        (Person("p", bought=(90, 60, 30, 10), seen={"complaint": 5}), "complaint", "open since 2024-05-27"),
        (Person("p", bought=(114, 84, 54, 24), p_alive=0.6, p_before=0.9, seen={"complaint": 5}), "complaint", "open since"),
        # who is at risk already, is new, or never bought is not warned of
        (Person("p", bought=(121, 91, 61, 31), seen={"complaint": 5}), None, None),
        (Person("p", bought=(10,), seen={"complaint": 5}), None, None),
        (Person("p", seen={"complaint": 5}), None, None),
    ],
)
def test_early_warning(person: Person, warning: str | None, because: str | None) -> None:
    row = placed(person, *STEADY)["p"]
    assert row["early_warning"] == warning
    assert (row["early_warning_reason"] or "").count(because or "nothing") == (1 if because else 0)
