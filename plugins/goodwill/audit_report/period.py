"""What a report is about: one run, or the nights of a calendar month."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from goodwill.audit import read_runs
from goodwill.errors import GoodwillError
from goodwill.home import Home

__all__ = ["Period"]

_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Period:
    """One run (`run_id`), or a month in the business time zone (`month`, its first day)."""

    run_id: str | None = None
    month: dt.date | None = None

    @classmethod
    def parse(cls, home: Home, text: str) -> Period:
        """A month (`2026-10`), or a run of this home.

        Raises
        ------
        GoodwillError : it is neither.
        """
        found = _MONTH.fullmatch(text)
        if found:
            try:
                return cls(month=dt.date(int(found[1]), int(found[2]), 1))
            except ValueError:
                raise GoodwillError(f"{text!r} is no month", "write it as 2026-10") from None
        if not any(run["run_id"] == text for run in read_runs(home)):
            raise GoodwillError(
                f"there is no run {text!r}, and it is no month", "name a run (goodwill status lists them), or a month as 2026-10"
            )
        return cls(run_id=text)

    @classmethod
    def month_before(cls, day: dt.date) -> Period:
        """The month before that of a day."""
        return cls(month=(day.replace(day=1) - dt.timedelta(days=1)).replace(day=1))

    @property
    def name(self) -> str:
        """As a folder is called: the run, or `2026-10`."""
        return self.run_id or f"{self.month:%Y-%m}"

    def holds(self, run_id: str | None, at: str, zone: str) -> bool:
        """Whether a run, or something that happened at a moment (UTC), is of the period."""
        if self.month is None:
            return run_id == self.run_id
        return month_of(at, zone) == self.month

    def is_over(self, moment: dt.datetime, zone: str) -> bool:
        """Whether nothing can be added to the period any more."""
        return self.month is None or month_of(str(moment), zone) > self.month


def month_of(at: str, zone: str) -> dt.date:
    """The first day of the month in which a moment (ISO, UTC) falls in a zone."""
    moment = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
    return moment.date().replace(day=1)
