"""The incremental cursor: which value is the higher, and what to ask for next time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from goodwill.clock import now
from goodwill.errors import SourceError
from goodwill.sources.connectors.rest.settings import RestSource

__all__ = ["Span", "since_text", "span"]

#: What a source's clock may be ahead of ours before its stamps are no longer believed as the mark to go on from.
_AHEAD = dt.timedelta(days=1)
_UNIT = {"epoch_s": 1, "epoch_ms": 1000}


@dataclass(frozen=True)
class Span:
    """The lowest and the highest cursor of a pull, in their own text, and how many values could not serve as one."""

    low: str | None
    high: str | None
    unread: int
    ahead: int


def _value(source: RestSource, zone: ZoneInfo, text: str) -> Decimal | dt.datetime | None:
    """A cursor as a number or a moment; nothing where it is neither."""
    pattern = source.timestamp_format
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    try:
        if number is not None and number.is_finite():
            return dt.datetime.fromtimestamp(float(number) / _UNIT[pattern], dt.UTC) if pattern in _UNIT else number
        moment = dt.datetime.strptime(text, pattern) if pattern and pattern not in _UNIT else dt.datetime.fromisoformat(text)  # noqa: DTZ007
    except (ValueError, OverflowError, OSError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


def span(source: RestSource, zone: str, texts: Iterable[str], high: str | None) -> Span:
    """The span of `texts`, its high not below `high`, the mark so far.

    A stamp more than a day in the future is not believed: a mark there would skip everything until then.

    Raises
    ------
    SourceError : numbers and times in one column, or no value that is either.
    """
    here = ZoneInfo(source.time_zone or zone)
    latest = now().replace(tzinfo=dt.UTC) + _AHEAD
    unread = ahead = 0
    low: tuple[Decimal | dt.datetime, str] | None = None
    top = None if high is None else (_value(source, here, high), high)
    best: tuple[Decimal | dt.datetime, str] | None = (top[0], top[1]) if top and top[0] is not None else None
    read = 0
    for text in texts:
        value = _value(source, here, text)
        if value is None:
            unread += 1
            continue
        read += 1
        if isinstance(value, dt.datetime) and value > latest:
            ahead += 1
            continue
        try:
            low = (value, text) if low is None or value < low[0] else low  # type: ignore[operator]
            best = (value, text) if best is None or value > best[0] else best  # type: ignore[operator]
        except TypeError:
            raise _mixed(source, text) from None
    if unread and not read:
        raise SourceError(
            f"source {source.name!r}: no value of the cursor {source.cursor!r} is a number or a time",
            "name the column that grows under 'cursor', and how its times are written under 'timestamp_format'",
        )
    return Span(low[1] if low else None, best[1] if best else high, unread, ahead)


def _mixed(source: RestSource, text: str) -> SourceError:
    return SourceError(
        f"source {source.name!r}: the cursor {source.cursor!r} holds numbers and times; one of them is {text!r}",
        "set 'cursor' to a column of one kind, or pull with 'load: full' once",
    )


def since_text(source: RestSource, zone: str, high: str) -> str:
    """What the parameter of `since` says: `look_back` before the highest cursor (days of a time, units of a number).

    `iso` is written in UTC; days and patterns in the source's own zone.
    """
    here = ZoneInfo(source.time_zone or zone)
    value = _value(source, here, high)
    form = source.since.format if source.since else "iso"
    if value is None:
        raise SourceError(
            f"source {source.name!r}: the cursor {high!r} of its last batch is neither a number nor a time",
            "set 'timestamp_format' to how the source writes its times",
        )
    if isinstance(value, Decimal):
        return format(value - Decimal(str(source.look_back)).normalize(), "f").removesuffix(".0")
    moment = value - dt.timedelta(days=source.look_back)
    if form in _UNIT:
        return str(int(moment.timestamp() * _UNIT[form]))
    if form == "date":
        return moment.astimezone(here).date().isoformat()
    if form == "iso":
        return moment.isoformat().replace("+00:00", "Z")
    return moment.astimezone(here).strftime(form)
