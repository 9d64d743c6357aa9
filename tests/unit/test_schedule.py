"""Which day a scheduled night stands at."""

from __future__ import annotations

import datetime as dt

import pytest
from goodwill.schedule import cron, day_of


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-03-02T03:00:00+00:00", "2026-03-01"),
        ("Europe/Paris", "2026-03-01T23:30:00+00:00", "2026-03-01"),
        ("America/New_York", "2026-03-02T03:00:00+00:00", "2026-02-28"),
        ("Pacific/Kiritimati", "2026-03-01T12:00:00+00:00", "2026-03-01"),
    ],
)
def test_a_night_stands_at_the_business_day_before(make_home, zone, moment, day):
    home = make_home(goodwill=f"company: {{business_time_zone: {zone}}}")
    assert day_of(dt.datetime.fromisoformat(moment), str(home.root)) == day


def test_without_a_logical_date_or_with_a_history_the_settings_decide(make_home):
    home = make_home(goodwill="calendar: {as_of: last_event_day}")
    assert day_of(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), str(home.root)) is None
    assert day_of(None, str(home.root)) is None


def test_a_broken_settings_file_does_not_break_the_parse(make_home):
    home = make_home(goodwill="calendar: [")
    assert cron(str(home.root)) == "0 3 * * *"
