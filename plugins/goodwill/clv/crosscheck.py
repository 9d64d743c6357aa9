"""The nightly cross-check: lifetimes fits a sample of the tuples too, and must end where our own likelihood does.

`lifetimes` is the vocabulary and the oracle of this package; its fitters are slow on a whole shop and have no answer where the data have
no peak, but on a sample that has one, two independent programs must agree.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodwill.clv.maximising import climb
from goodwill.clv.models.beta_geometric import BetaGeometric
from goodwill.clv.models.gamma_gamma import GammaGamma

__all__ = ["difference_to_lifetimes"]

#: Tuples of the sample.
SAMPLE = 400
#: Slope at which lifetimes stops.
TOLERANCE = 1e-8


def difference_to_lifetimes(likelihood: BetaGeometric | GammaGamma) -> float | None:
    """The largest relative difference of a parameter between lifetimes' fit and ours, without prior, on a sample of the tuples.

    Returns
    -------
    None where the sample has no peak to agree on.
    """
    small = likelihood.sample(SAMPLE)
    ours = climb(small)
    if isinstance(ours, str):
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            theirs = _lifetimes(small)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return None
    return float(f"{np.abs(theirs / ours.parameters - 1).max():.3g}")


def _lifetimes(small: BetaGeometric | GammaGamma) -> NDArray[np.float64]:
    """The parameters as lifetimes finds them, from its own start."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

    fitter: Any
    columns: tuple[NDArray[Any], ...]
    scale = np.ones(1)
    if isinstance(small, GammaGamma):
        # in units of the mean spend: from its fixed start lifetimes does not reach a `v` of thousands
        scale = np.array([1.0, 1.0, small.tuples.mean_spend])
        fitter, columns = GammaGammaFitter(), (small.tuples.x, small.tuples.mean / scale[2])
    else:
        fitter = ModifiedBetaGeoFitter() if small.model == "mbg_nbd" else BetaGeoFitter()
        columns = (small.tuples.x, small.tuples.t_x, small.tuples.age)
    fitter.fit(*columns, weights=small.tuples.customers, tol=TOLERANCE)
    return np.asarray(fitter.params_.to_numpy(), dtype=np.float64) * scale
