"""How likely so many purchases are in a time, of somebody who stays: the count that both families of models share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln

__all__ = ["at_least"]

Floats = NDArray[np.float64]


def at_least(counts: Floats, shape: float, share: Floats) -> Floats:
    """P(at least n events) of a negative binomial, I_share(n, shape): one row a `share`, one column a count n >= 1.

    As far as the counts are 1, 2, 3 … the chances of fewer are added up, which is a tenth of the work; exact to about 1e-14,
    of thousands of purchases to 5e-12.
    """
    one_by_one = int(np.searchsorted(counts - np.arange(1, len(counts) + 1), 0.0, side="right"))
    apart = np.asarray(betainc(counts[one_by_one:], shape, share[:, None]))
    if not one_by_one:
        return apart
    below = counts[:one_by_one] - 1
    log_ways = gammaln(shape + below) - gammaln(shape) - gammaln(below + 1)
    chances = np.exp(log_ways + np.outer(np.log(share), below) + shape * np.log1p(-share)[:, None])
    summed = np.clip(1.0 - np.cumsum(chances, axis=1), 0.0, 1.0)
    return np.asarray(summed if one_by_one == len(counts) else np.hstack([summed, apart]))
