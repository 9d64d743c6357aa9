"""The look-ups the scores are joined to: what the model says of each distinct (x, T), and of each distinct (x, t_x, T)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS, Calendar
from goodwill.clv.intervals import bounds, interval_columns
from goodwill.clv.outlooks import Outlook
from goodwill.clv.tuples import DAYS_PER_WEEK, PurchaseTuples

__all__ = ["expected_if_alive", "tuple_scores"]

Floats = NDArray[np.float64]


def expected_if_alive(outlook: Outlook, tuples: PurchaseTuples, group: str, calendars: Mapping[float, Calendar]) -> pa.Table:
    """E[Y(t) | alive, x, T] for the distinct (x, T): a million customers have some ten thousand.

    Parameters
    ----------
    calendars : annual discount rate → its calendar; the expectations are computed once for all of them.

    Returns
    -------
    Columns `model_group`, `x`, `age_days`, `discount_rate`, and those of `Calendar.columns`.
    """
    span = int(tuples.age_days.max(initial=0)) + 1
    keys = np.unique(tuples.x * span + tuples.age_days)
    x, age_days = keys // span, keys % span
    days = next(iter(calendars.values())).days
    cumulative = np.empty((len(keys), len(days)))
    edges = np.flatnonzero(np.diff(x, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        cumulative[begin:end] = outlook.expected_if_alive(int(x[begin]), age_days[begin:end] / DAYS_PER_WEEK, days / DAYS_PER_WEEK)
    parts = [
        pa.table({"model_group": [group] * len(keys), "x": x, "age_days": age_days, "discount_rate": np.full(len(keys), rate)})
        for rate in calendars
    ]
    for place, calendar in enumerate(calendars.values()):
        for name, column in calendar.columns(cumulative).items():
            parts[place] = parts[place].append_column(name, pa.array(column))
    return pa.concat_tables(parts)


def tuple_scores(outlook: Outlook, scale: float, tuples: PurchaseTuples, group: str, spend: Mapping[str, float] | None) -> pa.Table:
    """P(alive), the days to one more purchase, and the bounds of the intervals, by (x, t_x, T).

    Parameters
    ----------
    scale : the model's `alpha`.
    spend : parameters of the spend model, None where none is used.
    """
    alive = outlook.p_alive(tuples)
    days = outlook.days_to_next(tuples, alive)
    columns = {
        "model_group": pa.array([group]).take(pa.array(np.zeros(len(tuples.x), dtype=np.int8))),
        "x": tuples.x,
        "t_x_days": tuples.t_x_days,
        "age_days": tuples.age_days,
        "p_alive": alive,
        "next_purchase_days": pa.array(days, mask=~np.isfinite(days)),
    }
    found = bounds(outlook, scale, tuples, alive, spend)
    for name in interval_names():
        columns[name] = found[name].astype(np.int32 if name.startswith("purchases") else np.float32)
    return pa.table(columns)


def interval_names() -> list[str]:
    """The bounds by tuple, in their order: purchases to the day horizons, then units of value to the month horizons."""
    names = [f"purchases_{days}" for days in DAY_HORIZONS] + [f"units_{months}" for months in MONTH_HORIZONS]
    return [column for name in names for column in interval_columns(name)]
