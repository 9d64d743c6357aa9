"""When a batch was extracted: never before the batches that are there, whatever the clock says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from goodwill.clock import now
from goodwill.extract.batches import Manifest

__all__ = ["next_stamp"]

#: A clock that is set right by this much or less is not worth a word.
_JITTER = dt.timedelta(seconds=1)


def next_stamp(manifests: Iterable[Manifest]) -> tuple[dt.datetime, tuple[str, ...]]:
    """The stamp of the next batch of a source, to the millisecond, later than all of `manifests`; and a warning if the clock is behind them."""
    moment = now()
    clock = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    newest = max((manifest.extracted for manifest in manifests), default=None)
    if newest is None or clock > newest:
        return clock, ()
    stamp = newest + dt.timedelta(milliseconds=1)
    if newest - clock <= _JITTER:
        return stamp, ()
    return stamp, (
        f"CLOCK_BACKWARDS: the clock says {clock:%Y-%m-%d %H:%M:%S} and the newest batch was extracted at {newest:%Y-%m-%d %H:%M:%S}; "
        "stamped after it, to keep their order",
    )
