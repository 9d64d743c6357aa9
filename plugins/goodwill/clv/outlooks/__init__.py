"""What a fitted purchase model says of a history: P(alive), the purchases to come, and how likely each number of them is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from goodwill.clv.outlooks.beta_geometric import BetaGeometricOutlook
from goodwill.clv.outlooks.pareto import ParetoOutlook
from goodwill.clv.tuples import PurchaseTuples

__all__ = ["ModelName", "Outlook", "outlook_of"]

Floats = NDArray[np.float64]
ModelName = Literal["mbg_nbd", "bg_nbd", "pareto_nbd"]


class Outlook(Protocol):
    """A purchase model with its parameters. Times are in weeks, but for days that are called so."""

    def p_alive(self, tuples: PurchaseTuples) -> Floats:
        """Probability of still being a customer, by tuple."""

    def expected_if_alive(self, x: int, age: Floats, weeks: Floats) -> Floats:
        """Purchase days in the next `weeks` of those still there: rows ages, columns times. Multiply by P(alive), once."""

    def tail_if_alive(self, x: int, age: Floats, weeks: float, counts: Floats) -> Floats:
        """P(at least n purchase days in the next `weeks`) of those still there: rows ages, columns counts n >= 1."""

    def days_to_next(self, tuples: PurchaseTuples, p_alive: Floats) -> Floats:
        """Days by which one more purchase is as likely as not, P(alive) included; infinite where it is not."""


def outlook_of(model: ModelName, parameters: Mapping[str, float]) -> Outlook:
    """The model with these parameters."""
    if model == "pareto_nbd":
        return ParetoOutlook(model, *(parameters[name] for name in ("r", "alpha", "s", "beta")))
    return BetaGeometricOutlook(model, *(parameters[name] for name in ("r", "alpha", "a", "b")))
