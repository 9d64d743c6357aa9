"""The look-up that the scores are joined to: everything a model says of a history, once for each distinct (x, t_x, T)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS, Calendar
from goodwill.clv.intervals import bounds, interval_columns
from goodwill.clv.outlooks import Outlook
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["FARTHEST_DAYS", "histories", "no_histories"]

Floats = NDArray[np.float64]

#: A next purchase later than that has no date.
FARTHEST_DAYS = max(MONTH_HORIZONS) * 365.25 / 12


def no_histories(rates: int) -> pa.Table:
    """The look-up without a row, for `rates` discount rates.

    `at_30` … and `plain_12` … are E[Y(t) | x, t_x, T], P(alive) in it; `share_12_0` … what is left of the latter after discounting at rate
    number 0; `purchases_30_low_80` … numbers of purchases; `units_12_low_80` … spend in units of v + x m, not discounted.
    """
    fields = [("model_group", pa.string()), ("x", pa.int64()), ("t_x_days", pa.int64()), ("age_days", pa.int64())]
    fields += [("p_alive", pa.float64()), ("next_purchase_days", pa.float64())]
    fields += [(f"at_{days}", pa.float64()) for days in DAY_HORIZONS] + [(f"plain_{months}", pa.float64()) for months in MONTH_HORIZONS]
    fields += [(f"share_{months}_{rate}", pa.float64()) for rate in range(rates) for months in MONTH_HORIZONS]
    fields += [(name, pa.int32()) for days in DAY_HORIZONS for name in interval_columns(f"purchases_{days}")]
    fields += [(name, pa.float32()) for months in MONTH_HORIZONS for name in interval_columns(f"units_{months}")]
    return pa.schema(fields).empty_table()


def histories(
    outlook: Outlook,
    scale: float,
    tuples: PurchaseTuples,
    group: str,
    spend: Mapping[str, float] | None,
    calendars: Sequence[Calendar],
    with_intervals: bool,
) -> pa.Table:
    """P(alive), the days to one more purchase, expected purchases, and the bounds of the intervals, with the columns of `no_histories`.

    Parameters
    ----------
    scale : the model's `alpha`.
    spend : parameters of the spend model, None where none is used.
    calendars : one a discount rate; rate number 0 is the first.
    with_intervals : false leaves the bounds empty.
    """
    alive = outlook.p_alive(tuples)
    days = outlook.days_to_next(tuples, alive)
    columns: dict[str, object] = {
        "model_group": pa.array([group]).take(pa.array(np.zeros(len(tuples.x), dtype=np.int8))),
        "x": tuples.x,
        "t_x_days": tuples.t_x_days,
        "age_days": tuples.age_days,
        "p_alive": alive,
        "next_purchase_days": pa.array(np.maximum(np.ceil(days), 1), mask=~(days <= FARTHEST_DAYS)),
    }
    cumulative, place = _if_alive(outlook, tuples, calendars[0].days)
    for number, calendar in enumerate(calendars):
        found = calendar.columns(cumulative)
        columns |= {name: alive * column[place] for name, column in found.items() if number == 0 and not name.startswith("discounted")}
        for months in MONTH_HORIZONS:
            share = found[f"discounted_{months}"] / np.maximum(found[f"plain_{months}"], 1e-300)
            columns[f"share_{months}_{number}"] = share[place]
    if with_intervals:
        columns |= bounds(outlook, scale, tuples, alive, spend)
    schema = no_histories(len(calendars)).schema
    empty = pa.nulls(len(tuples.x), pa.float32())
    return pa.table({name: columns.get(name, empty) for name in schema.names}).cast(schema, safe=False)


def _if_alive(outlook: Outlook, tuples: PurchaseTuples, days: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """E[Y(t) | alive, x, T] for the distinct (x, T), of which a million customers have some ten thousand; and the row of each tuple in it."""
    span = int(tuples.age_days.max(initial=0)) + 1
    keys, place = np.unique(tuples.x * span + tuples.age_days, return_inverse=True)
    x, age_days = keys // span, keys % span
    cumulative = np.empty((len(keys), len(days)))
    for begin, end in pairwise(np.flatnonzero(np.diff(x, prepend=-1, append=-1))):
        cumulative[begin:end] = outlook.expected_if_alive(int(x[begin]), age_days[begin:end] / DAYS_PER_WEEK, days / DAYS_PER_WEEK)
    return cumulative, place.astype(np.int64)
