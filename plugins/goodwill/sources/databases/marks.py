"""The cursor of a source whose driver says of what kind it is: where to start, and how far it has come."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from goodwill.clock import now
from goodwill.errors import SourceError
from goodwill.sources.databases.text import as_text

__all__ = ["Marks", "low_of"]


def _moment(value: Any, zone: str) -> dt.datetime | None:
    """A cursor as a moment in UTC; `None` where it is not a time."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone is set below
    if not isinstance(value, dt.datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(dt.UTC)
    except OverflowError:
        return None


def _order(value: Any, zone: str) -> Any:
    """What cursors are compared by; `None` where a value has no place in the order."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        return value if math.isfinite(value) else None
    return _moment(value, zone)


def low_of(source: str, cursor: str, high: str, like: Any, look_back: float) -> Any:
    """Where to start: the last `high` less the look-back, of the kind that `like` (a value of the cursor now) is.

    Raises
    ------
    SourceError : the cursor is neither a number nor a time, or is of another kind than it was.
    """
    try:
        if isinstance(like, bool):
            raise ValueError
        if isinstance(like, int):
            return math.floor(Decimal(high)) - math.ceil(look_back)
        if isinstance(like, Decimal):
            return Decimal(high) - Decimal(str(look_back))
        if isinstance(like, float):
            return float(high) - look_back
        if isinstance(like, dt.datetime):
            return dt.datetime.fromisoformat(high) - dt.timedelta(days=look_back)
        if isinstance(like, dt.date):
            return dt.date.fromisoformat(high[:10]) - dt.timedelta(days=math.ceil(look_back))
        if isinstance(like, str):
            # text is compared as text: the day before is lower, whatever the time, the mark between them and the offset
            return (dt.datetime.fromisoformat(high) - dt.timedelta(days=look_back + 1)).date().isoformat()
    except (ValueError, ArithmeticError):
        pass
    raise SourceError(
        f"source {source!r}: the cursor {cursor!r} stood at {high!r} and holds {as_text(like)!r} now: neither a number nor an ISO time, or not of one kind",
        "choose another column, or set 'load: full'",
    )


@dataclass
class Marks:
    """How far the cursor has come: it never lies in the future, where a clock that was wrong once would hide all that follows."""

    zone: str
    low: Any = None
    high: Any = None
    undated: int = 0

    def see(self, value: Any) -> None:
        """Take note of one row's cursor."""
        place = _order(value, self.zone)
        if place is None:
            self.undated += 1
            return
        if isinstance(place, dt.datetime) and place > now().replace(tzinfo=dt.UTC):
            return
        if self.low is None or place < _order(self.low, self.zone):
            self.low = value
        if self.high is None or place > _order(self.high, self.zone):
            self.high = value

    def highest(self, before: str | None) -> str | None:
        """The highest cursor, in its own text; never less than `before`."""
        if self.high is None or before is None:
            return before if self.high is None else as_text(self.high)
        place = _order(self.high, self.zone)
        was = _moment(before, self.zone) if isinstance(place, dt.datetime) else Decimal(before)
        return before if was is not None and was > place else as_text(self.high)
