"""Wall-clock time of a zone to UTC, as SQL: a comparison a row, not a calendar look-up; gaps and overlaps by the source's own rule.

The changes of a zone's offset (the tz database, through `zoneinfo`) are laid out by year; a stamp of another year, or of a zone that
changes more often than four times a year, goes through the database's own conversion.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from goodwill.sql import literal

__all__ = ["Change", "in_gap", "in_overlap", "to_utc", "zone_changes"]

FIRST, LAST = 1990, 2049
_MOST_A_YEAR = 4
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Change:
    """A change of offset: the instant (seconds since 1970 UTC), and the offsets before and after it (seconds east)."""

    instant: int
    before: int
    after: int


def _offset(zone: ZoneInfo, instant: int) -> int:
    moment = (_EPOCH + dt.timedelta(seconds=instant)).astimezone(zone)
    return int((moment.utcoffset() or dt.timedelta()).total_seconds())


@lru_cache(maxsize=64)
def zone_changes(name: str) -> tuple[Change, ...]:
    """Every change of a zone's offset in the years laid out here, in order."""
    zone, found = ZoneInfo(name), []
    day = int((dt.datetime(FIRST - 1, 12, 30, tzinfo=dt.UTC) - _EPOCH).total_seconds())
    last = int((dt.datetime(LAST + 1, 1, 2, tzinfo=dt.UTC) - _EPOCH).total_seconds())
    before = _offset(zone, day)
    while day < last:
        after = _offset(zone, day + 86400)
        if after != before:
            low, high = day, day + 86400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            found.append(Change(high, before, after))
            before = after
        day += 86400
    return tuple(found)


def _wall(change: Change, gap: str, overlap: str) -> int:
    """The wall-clock second from which the offset behind a change holds, by the source's rule for hours that are missing or double."""
    if change.after > change.before:
        return change.instant + (change.after if gap == "later" else change.before)
    return change.instant + (change.before if overlap == "earlier" else change.after)


@lru_cache(maxsize=64)
def _by_year(name: str, gap: str, overlap: str) -> tuple[list[list[int]], list[list[int]]] | None:
    """For each year the walls at which the offset changes, and the offsets before, between and behind them."""
    changes = zone_changes(name)
    walls: dict[int, list[tuple[int, int]]] = {year: [] for year in range(FIRST, LAST + 1)}
    offset = _offset(ZoneInfo(name), int((dt.datetime(FIRST - 1, 12, 30, tzinfo=dt.UTC) - _EPOCH).total_seconds()))
    for change in changes:
        wall = _wall(change, gap, overlap)
        year = (_EPOCH + dt.timedelta(seconds=wall)).year
        if year in walls:
            walls[year].append((wall, change.after))
        elif year < FIRST:
            offset = change.after
    most = max(map(len, walls.values()))
    if most > _MOST_A_YEAR:
        return None
    ends, offsets = [], []
    for year in range(FIRST, LAST + 1):
        here = [offset]
        here += [after for _, after in walls[year]]
        offset = here[-1]
        filled = [wall for wall, _ in walls[year]] + [2**40] * (most - len(walls[year]))
        ends.append(filled)
        offsets.append(here + [offset] * (most + 1 - len(here)))
    return ends, offsets


def to_utc(local: str, zone: str, gap: str = "later", overlap: str = "earlier") -> str:
    """SQL: the UTC time stamp of `local`, a SQL time stamp on the wall clock of `zone`."""
    if zone == "UTC":
        return local
    engine = f"timezone('UTC', timezone({literal(zone)}, {local}))"
    laid_out = _by_year(zone, gap, overlap)
    if laid_out is None:
        return engine
    ends, offsets = laid_out
    micros, year = f"epoch_us({local})", f"year({local})"
    place = f"[{year} - {FIRST - 1}]"
    if not ends[0] and len({row[0] for row in offsets}) == 1:
        shift = str(offsets[0][0])
    else:
        branches = "".join(
            f" when {micros} < ([{', '.join(f'{row[number]}000000' for row in ends)}]){place} "
            f"then ([{', '.join(str(row[number]) for row in offsets)}]){place}"
            for number in range(len(ends[0]))
        )
        behind = f"([{', '.join(str(row[-1]) for row in offsets)}]){place}"
        shift = f"case{branches} else {behind} end" if branches else behind
    return f"case when {year} between {FIRST} and {LAST} then make_timestamp({micros} - 1000000::bigint * ({shift})) else {engine} end"


def _spans(local: str, zone: str, missing: bool) -> str:
    """SQL: whether `local` falls into an hour that is missing (or double); only stamps of days of change are looked at closely."""
    if zone == "UTC":
        return "false"
    spans = []
    days: set[str] = set()
    for change in zone_changes(zone):
        if (change.after > change.before) == missing:
            low, high = sorted((change.instant + change.before, change.instant + change.after))
            start, end = (_EPOCH + dt.timedelta(seconds=low), _EPOCH + dt.timedelta(seconds=high))
            days |= {start.date().isoformat(), end.date().isoformat()}
            spans.append(f"({local} >= timestamp '{start:%Y-%m-%d %H:%M:%S}' and {local} < timestamp '{end:%Y-%m-%d %H:%M:%S}')")
    if not spans:
        return "false"
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    return f"case when cast({local} as date) in ({listed}) then {' or '.join(spans)} else false end"


def in_gap(local: str, zone: str) -> str:
    """SQL: whether the wall clock of `zone` never showed `local`."""
    return _spans(local, zone, missing=True)


def in_overlap(local: str, zone: str) -> str:
    """SQL: whether the wall clock of `zone` showed `local` twice."""
    return _spans(local, zone, missing=False)
