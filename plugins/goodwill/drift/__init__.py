"""Drift: is what came in tonight like what the last good nights brought? Volume, freshness, mixes and distributions, each with its n.

It warns and never blocks: what must hold is an expectation; what merely moved is for a person to look at.
"""

from goodwill.drift.arrivals import Arrival, arrivals
from goodwill.drift.finding import MOVED, VERDICTS, Drift, Finding, Share, read_drift, write_drift
from goodwill.drift.measuring import measure
from goodwill.drift.recording import record
from goodwill.drift.stability import noise_bound, stability_index

__all__ = [
    "MOVED",
    "VERDICTS",
    "Arrival",
    "Drift",
    "Finding",
    "Share",
    "arrivals",
    "measure",
    "noise_bound",
    "read_drift",
    "record",
    "stability_index",
    "write_drift",
]
