"""The population stability index: how far two distributions over the same classes are from each other, and how far chance alone takes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["noise_bound", "stability_index"]

#: An empty class counts as this share: its logarithm must exist.
_FLOOR = 1e-4
#: How rarely chance alone may reach the bound.
_CHANCE = 0.001


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """PSI: the sum of (now - before) ln(now / before) over the classes; below .1 little has moved, above .25 much has.

    Parameters
    ----------
    before, now : shares of the classes, in the same order; each sums to 1.

    Notes
    -----
    Kullback and Leibler's symmetric divergence (1951); the thresholds are those of credit scoring (Siddiqi 2006).
    """
    is_, was = (np.maximum(np.asarray(shares, dtype=float), _FLOOR) for shares in (now, before))
    return round(float(((is_ - was) * np.log(is_ / was)).sum()), 6)


def noise_bound(classes: int, rows_before: int, rows_now: int) -> float:
    """The PSI that chance alone reaches once in a thousand times, when both samples come from one distribution.

    PSI / (1/n + 1/m) then follows a chi-squared law with `classes - 1` degrees of freedom (Yurdakul and Naranjo 2020): twenty rows over ten
    classes give .7 by chance, so that a PSI without its n says nothing.
    """
    from scipy.stats import chi2

    if classes < 2 or not rows_before or not rows_now:
        return 0.0
    return round(float(chi2.ppf(1 - _CHANCE, classes - 1)) * (1 / rows_before + 1 / rows_now), 6)
