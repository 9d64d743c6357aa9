"""Too few rows, too many, a day missing, nothing new for too long: seen in the manifests, by what each source declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from goodwill.errors import SourceError
from goodwill.extract.batches import Manifest, counting
from goodwill.sources import Source

__all__ = ["Calendar", "gaps_before", "refuse_emptied", "refuse_missing", "rows_findings"]

#: Batches whose median is the usual number of rows, and how many it takes to call anything usual.
_LAST, _FEWEST = 10, 3
#: A weekday that was missing in this share of its weeks, over at least so many, is usually missing.
_USUALLY, _WEEKS = 0.75, 3
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rows_findings(source: Source, before: Sequence[Manifest], name: str, rows: int, whole: bool = True) -> tuple[str, ...]:
    """What is odd about the `rows` of a new batch, beside the last ten before it that hold all (`whole`), or what was new, like it.

    Nothing where the source declares no `rows_between`.

    Raises
    ------
    SourceError : it is odd, and the source's policy says `block`.
    """
    if source.rows_between is None:
        return ()
    last = [manifest.rows for manifest in before if manifest.whole == whole][-_LAST:]  # those that were superseded since were usual too
    if len(last) < _FEWEST:
        return ()
    low, high = source.rows_between
    usual = median(last)
    if low * usual <= rows <= high * usual:
        return ()
    what = f"{rows:,} rows, where the last {len(last)} batches had {usual:,.0f} in the median; {low:g} to {high:g} times that is expected"
    if source.volume == "block":
        raise SourceError(
            f"source {source.name!r}: {name}: {what}",
            "see what happened at the source; if it is right, widen 'rows_between' or set 'volume: warn', and run again",
        )
    return (f"{'FEW_ROWS' if rows < low * usual else 'MANY_ROWS'}: {what}",)


def refuse_emptied(source: Source, name: str, rows: int, replaces: Manifest | None) -> tuple[str, ...]:
    """`NO_ROWS` for a file that has a header and nothing else, as a quiet day has.

    Raises
    ------
    SourceError : it would take the place of a batch that had rows, and the source does not say that it may be empty.
    """
    if rows:
        return ()
    if replaces and replaces.rows and not source.empty_allowed:
        raise SourceError(
            f"source {source.name!r}: {name}: a header and no rows, where {replaces.rows:,} rows had landed",
            "send the file again whole; if it is empty on purpose, set 'empty_allowed: true'",
        )
    return ("NO_ROWS: a header and no rows",)


def _days_of(manifest: Manifest, zone: ZoneInfo) -> Iterator[dt.date]:
    """The days from the first to the last event of a batch. No event is later than the batch: a stray date in 2999 covers nothing."""
    for totals in manifest.totals.values():
        if totals.first_event and totals.last_event:
            first, last = (_local(stamp, zone) for stamp in (totals.first_event, totals.last_event))
            last = min(last, manifest.extracted.replace(tzinfo=dt.UTC).astimezone(zone).date())
            yield from (first + dt.timedelta(days=number) for number in range((last - first).days + 1))


def _local(stamp: str, zone: ZoneInfo) -> dt.date:
    """The day of an event: a date as it is, a time (UTC) in the zone."""
    moment = dt.datetime.fromisoformat(stamp)
    return moment.date() if len(stamp) == 10 else moment.replace(tzinfo=dt.UTC).astimezone(zone).date()


def _closed(source: Source, covered: set[dt.date]) -> set[str | dt.date]:
    """Weekdays and dates on which nothing is expected: as declared, and the weekdays that are usually missing."""
    closed: set[str | dt.date] = set(source.closed_on)
    if covered:
        first, last = min(covered), max(covered)
        for number, name in enumerate(_WEEKDAYS):
            start = first + dt.timedelta(days=(number - first.weekday()) % 7)
            days = [start + dt.timedelta(weeks=week) for week in range(max(0, (last - start).days // 7 + 1))]
            if len(days) >= _WEEKS and sum(day not in covered for day in days) >= _USUALLY * len(days):
                closed.add(name)
    return closed


def _open(closed: set[str | dt.date], after: dt.date, before: dt.date) -> list[dt.date]:
    """The days between two days, both excluded, on which something is expected."""
    days = (after + dt.timedelta(days=number) for number in range(1, (before - after).days))
    return [day for day in days if day not in closed and _WEEKDAYS[day.weekday()] not in closed]


@dataclass(frozen=True)
class Calendar:
    """The days of a source that are there and that are missing, by the batches that count.

    Gaps and silence are counted in open days and told from `expected_every_days` on; nothing is told where the source declares none.
    """

    source: Source
    manifests: Sequence[Manifest]
    zone: str

    @cached_property
    def _here(self) -> ZoneInfo:
        return ZoneInfo(self.source.time_zone or self.zone)

    @cached_property
    def _covered(self) -> set[dt.date]:
        return {day for manifest in self.manifests for day in _days_of(manifest, self._here)}

    @cached_property
    def _closed(self) -> set[str | dt.date]:
        return _closed(self.source, self._covered)

    @property
    def newest(self) -> dt.date | None:
        """The day of the newest event; of the newest batch, where there are no events."""
        return max(self._covered or {_local(manifest.extracted_at, self._here) for manifest in self.manifests}, default=None)

    def gaps(self, since: dt.date | None = None) -> tuple[str, ...]:
        """`MISSING_DAYS` for each gap between events, or for those after a day."""
        if self.source.expected_every_days is None:
            return ()
        days = sorted(day for day in self._covered if since is None or day >= since)
        runs = ((earlier, later, _open(self._closed, earlier, later)) for earlier, later in pairwise(days) if (later - earlier).days > 1)
        return tuple(
            f"MISSING_DAYS: nothing of {_span(missing)}, between {earlier} and {later}"
            for earlier, later, missing in runs
            if missing and len(missing) >= self.source.expected_every_days
        )

    def silence(self, day: dt.date) -> tuple[str, ...]:
        """`STALE` where nothing has come for too long at the end of `day`."""
        if self.source.expected_every_days is None or self.newest is None:
            return ()
        missing = _open(self._closed, self.newest, day + dt.timedelta(days=1))
        if not missing or len(missing) < self.source.expected_every_days:
            return ()
        what = "event" if self._covered else "batch"
        return (
            f"STALE: the newest {what} is of {self.newest}; nothing of {_span(missing)}, "
            f"where something comes every {self.source.expected_every_days:g} days",
        )


def _span(days: list[dt.date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"


def gaps_before(source: Source, known: list[Manifest], landed: Manifest, zone: str) -> tuple[str, ...]:
    """The gaps that a new batch would leave between what was there and itself; one that makes a gap smaller leaves none."""
    if source.expected_every_days is None:
        return ()
    newest = Calendar(source, counting(source, known), zone).newest
    return Calendar(source, counting(source, [*known, landed]), zone).gaps(newest)


def refuse_missing(source: Source, found: tuple[str, ...]) -> tuple[str, ...]:
    """What the calendar misses, as it was found.

    Raises
    ------
    SourceError : there is something, and the source's policy says `block`.
    """
    if found and source.freshness == "block":
        raise SourceError(
            f"source {source.name!r}: {'; '.join(found)}",
            "have the missing days sent; if none are to come, name them in 'closed_on', or set 'freshness: warn'",
        )
    return found
