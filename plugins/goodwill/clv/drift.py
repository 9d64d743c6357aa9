"""How far tonight's customers, and tonight's parameters, are from those of the last accepted night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from goodwill import drift

__all__ = ["Histogram", "histogram", "parameter_shift", "stability_index"]

Floats = NDArray[np.float64]
#: `edges` between the classes, and the `shares` of customers in them, as the ledger keeps them.
Histogram = dict[str, list[float]]

_CLASSES = 10


def histogram(values: NDArray[np.int64], customers: NDArray[np.int64], edges: Sequence[float] | None = None) -> Histogram:
    """Shares of customers by classes of a quantity: given ones, else tenths of these customers (fewer where many are equal)."""
    if not len(values):
        return {"edges": [], "shares": []}
    if edges is None:
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(customers[order]) / customers.sum()
        tenths = values[order][np.searchsorted(reached, np.arange(1, _CLASSES) / _CLASSES)]
        edges = [float(edge) for edge in np.unique(tenths)]
    counts = np.bincount(np.searchsorted(np.asarray(edges), values, side="left"), customers, len(edges) + 1)
    return {"edges": list(edges), "shares": [round(float(share), 6) for share in counts / counts.sum()]}


def stability_index(before: Histogram | None, values: NDArray[np.int64], customers: NDArray[np.int64]) -> float | None:
    """PSI over the classes of before; none without one of the two."""
    if not before or not before["shares"] or not len(values):
        return None
    return drift.stability_index(before["shares"], histogram(values, customers, before["edges"])["shares"])


def parameter_shift(before: Mapping[str, float] | None, now: Mapping[str, float]) -> float | None:
    """The largest relative move of a parameter since the last accepted fit: 0.1 is ten per cent."""
    if not before or set(before) != set(now):
        return None
    return round(max(abs(float(np.log(now[name] / before[name]))) for name in now), 6)
