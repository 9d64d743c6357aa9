"""Wall-clock time of a zone to UTC, as SQL, with the hours that a change of clocks skips or doubles read by the source's own rule.

The changes of a zone's offset come from the tz database, through `zoneinfo`, for the years 1990 to 2049; in other years the engine's
own rule holds.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from goodwill.sql import literal

__all__ = ["Change", "in_gap", "in_overlap", "keeps_order", "offsets", "to_utc", "zone_changes"]

FIRST, LAST = 1990, 2049
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
    """Every change of a zone's offset from 1990 to 2049, in order."""
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


def offsets(name: str) -> tuple[int, int]:
    """The least and the greatest offset of a zone from 1990 to 2049, in seconds east of UTC."""
    changes = zone_changes(name)
    found = [changes[0].before, *(change.after for change in changes)] if changes else [_offset(ZoneInfo(name), 0)]
    return min(found), max(found)


def _hours(name: str, missing: bool) -> dict[int, list[tuple[int, int]]]:
    """Length in seconds → the wall-clock spans (seconds since 1970 as if UTC) that a zone skips, or shows twice."""
    found: dict[int, list[tuple[int, int]]] = {}
    for change in zone_changes(name):
        if (change.after > change.before) == missing:
            low, high = sorted((change.instant + change.before, change.instant + change.after))
            found.setdefault(high - low, []).append((low, high))
    return found


def _within(local: str, spans: list[tuple[int, int]]) -> str:
    """SQL: whether `local` lies in one of `spans`, each cut into slots of one length.

    The time of day is looked at first: few have it. A list, not `in`, which the engine would make a join of, at every place it stands.
    """
    slot = math.gcd(*(second for span in spans for second in span))
    slots = [number for low, high in spans for number in range(low // slot, high // slot)]
    number, day = f"epoch_us({local}) // {slot}000000", 86400 // slot
    times = " or ".join(f"({number}) % {day} = {time}" for time in sorted({each % day for each in slots}))
    return f"(case when {times} then list_contains({slots}, {number}) when {local} is not null then false end)"


def to_utc(local: str, zone: str, gap: str = "later", overlap: str = "earlier") -> str:
    """SQL: the UTC time stamp of `local`, a SQL time stamp on the wall clock of `zone`.

    The engine reads a missing hour by the offset before the change (later) and a double one by the offset behind it (later).
    """
    if zone == "UTC":
        return local
    micros = f"epoch_us(timezone({literal(zone)}, {local}))"
    for wanted, missing in ((gap, True), (overlap, False)):
        if wanted == "earlier":
            for seconds, spans in _hours(zone, missing).items():
                micros += f" - {seconds}000000::bigint * cast({_within(local, spans)} as bigint)"
    return f"make_timestamp({micros})"


def keeps_order(local: str, zone: str) -> str:
    """SQL: whether `local` is of those wall-clock times whose order their UTC times keep: known years, no hour that was skipped."""
    known = f"{local} >= timestamp '{FIRST}-01-01' and {local} < timestamp '{LAST + 1}-01-01'"
    return f"({local} is not null)" if zone == "UTC" else f"({known} and not {in_gap(local, zone)})"


def in_gap(local: str, zone: str) -> str:
    """SQL: whether the wall clock of `zone` never showed `local`."""
    return _in_hours(local, zone, missing=True)


def in_overlap(local: str, zone: str) -> str:
    """SQL: whether the wall clock of `zone` showed `local` twice."""
    return _in_hours(local, zone, missing=False)


def _in_hours(local: str, zone: str, missing: bool) -> str:
    spans = [span for each in _hours(zone, missing).values() for span in each]
    return _within(local, spans) if spans else "false"
