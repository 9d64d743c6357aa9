"""Volume and freshness: how many rows a night brought, and how old the newest of them is, beside the nights before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import median

from goodwill.drift.finding import MOVED, Finding

__all__ = ["Night", "freshness", "volume"]

#: From how many good nights on one is called usual.
_FEWEST = 5
#: How far outside the last nights the rows of a night must be to have moved: a Sunday is no drift.
_MARGIN = 1.5
#: Days that the newest event may be older than in any of the last nights.
_LATE = 1


@dataclass(frozen=True)
class Night:
    """What one night brought of a source: its day, its rows, and the day of the newest event that is not after it."""

    as_of: dt.date
    rows: int
    newest: dt.date | None

    @property
    def lag(self) -> int | None:
        """Days from the newest event to the night's day."""
        return (self.as_of - self.newest).days if self.newest else None


def volume(source: str, entity: str, now: Night, before: Sequence[Night]) -> Finding:
    """Rows, beside the fewest and the most of the nights that brought any, but for the oddest of these: a first night brings years."""
    rows = [night.rows for night in before]
    if not rows:
        return Finding(source, entity, "rows", "volume", "first", None, None, now.rows, 0, 0)
    usual = median(rows)
    normal = sorted(rows, key=lambda each: abs(log(each / usual)))[: max(1, len(rows) - 1)]
    low, high = min(normal) / _MARGIN, max(normal) * _MARGIN
    verdict = "none" if not now.rows else "too_few" if len(rows) < _FEWEST else "steady" if low <= now.rows <= high else MOVED
    limit = (low if now.rows < usual else high) / usual
    return Finding(
        source, entity, "rows", "volume", verdict, round(now.rows / usual, 3), round(limit, 3), now.rows, round(usual), len(rows)
    )


def freshness(source: str, entity: str, now: Night, before: Sequence[Night]) -> Finding:
    """The age of the newest event, beside the greatest of the nights before."""
    lags = [night.lag for night in before if night.lag is not None]
    limit = float(max(lags)) if lags else None
    if now.lag is None:
        verdict = "none"
    elif limit is None:
        verdict = "first"
    else:
        verdict = "too_few" if len(lags) < _FEWEST else MOVED if now.lag > limit + _LATE else "steady"
    value = None if now.lag is None else float(now.lag)
    rows_before = sum(night.rows for night in before)
    return Finding(source, entity, "newest_event", "freshness", verdict, value, limit, now.rows, rows_before, len(lags))
