"""When the night runs and which day it stands at: the little the scheduler needs, light enough to be read at every parse."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

__all__ = ["cron", "day_of", "deadline_minutes"]


def _calendar(home: str | None) -> tuple[dict[str, str], str]:
    """The calendar section and the business zone of a home as written, unvalidated; empty where there is none."""
    folder = home or os.environ.get("GOODWILL_HOME")
    try:
        document = yaml.safe_load((Path(folder or "") / "goodwill.yml").read_text(encoding="utf-8")) if folder else None
    except (OSError, yaml.YAMLError):
        document = None  # the night itself says what is wrong with the file; a parse must not fail on it
    sections = document if isinstance(document, dict) else {}
    calendar, company = (section if isinstance(section, dict) else {} for section in (sections.get("calendar"), sections.get("company")))
    return calendar, company.get("business_time_zone", "UTC")


def cron(home: str | None = None) -> str | None:
    """The schedule of the home's night (`calendar.schedule`), in UTC; `None` where there is no home yet."""
    if not (home or os.environ.get("GOODWILL_HOME")):
        return None
    return _calendar(home)[0].get("schedule", "0 3 * * *")


def deadline_minutes(home: str | None = None) -> int | None:
    """Within how many minutes a night should have ended (`calendar.deadline_minutes`), or `None` where nobody asks."""
    minutes = _calendar(home)[0].get("deadline_minutes")
    return minutes if isinstance(minutes, int) and minutes > 0 else None


def day_of(logical_date: dt.datetime | None, home: str | None = None) -> str | None:
    """The day a scheduled or backfilled run stands at: the business day before its logical date.

    `None` (the settings decide) for a run without a logical date, or where the setting is the last event day of the data.
    """
    calendar, zone = _calendar(home)
    if logical_date is None or calendar.get("as_of", "yesterday") != "yesterday":
        return None
    return (logical_date.astimezone(ZoneInfo(zone)).date() - dt.timedelta(days=1)).isoformat()
