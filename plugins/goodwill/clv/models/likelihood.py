"""What a likelihood is to whoever climbs it: named positive parameters, and value, gradient and Hessian at a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Evaluation", "Likelihood"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Log-likelihood of all customers at a point, its gradient and, where asked for, its Hessian, by the parameters themselves."""

    value: float
    gradient: Floats
    hessian: Floats | None = None


class Likelihood(Protocol):
    """The log-likelihood of weighted data."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, all positive, in the order of every array."""

    @property
    def customers(self) -> float:
        """Customers behind the data: the sum of the weights."""

    def start(self) -> Floats:
        """Parameters of the right magnitude: where a climb begins, and the centre of the weak prior."""

    def evaluate(self, parameters: Floats, curvature: bool = True) -> Evaluation:
        """Value and gradient, and the Hessian if `curvature`."""

    def sample(self, size: int) -> Likelihood:
        """The same likelihood on about `size` of the tuples."""
