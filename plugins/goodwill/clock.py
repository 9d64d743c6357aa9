"""The one place that looks at the clock: stamps of when something ran. What is computed depends on `as_of` alone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

__all__ = ["now", "today"]


def now() -> dt.datetime:
    """The present moment, UTC, without a zone, to the microsecond: as the warehouse stores times."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def today(zone: str) -> dt.date:
    """The calendar day it is now in the business time zone."""
    return dt.datetime.now(ZoneInfo(zone)).date()
