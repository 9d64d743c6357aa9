"""Shifted-beta-geometric: how long contracts last. Likelihood with gradient and Hessian, survival, retention, and what is still to come.

At the end of each period a contract is given up with a personal probability ~ Beta(a, b), so

    S(t) = B(a, b+t) / B(a, b)                still there after t periods
    r(t) = (b+t-1) / (a+b+t-1)                of those who were there before, renewed at the end of period t

Retention rises with the age of a contract though nobody changes: those who leave easily leave first. One churn rate for all therefore
undervalues those who are left. Sources: Fader & Hardie 2007, Journal of Interactive Marketing 21(1); 2010, Marketing Science 29(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, hyp2f1, polygamma, psi

from goodwill.clv.models.likelihood import Evaluation
from goodwill.clv.tuples import hash_of

__all__ = ["ContractTuples", "ShiftedBeta", "expected_renewals", "expected_residual_lifetime", "retention", "survival"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ContractTuples:
    """Contracts by how long they have lasted: `periods` paid, whether they `ended` then, and how many `contracts` share both.

    A running contract in its n-th period has made n - 1 renewals: it is known to have survived n - 1 periods.
    """

    periods: NDArray[np.int64]
    ended: NDArray[np.bool_]
    contracts: NDArray[np.int64]

    @property
    def contract_count(self) -> int:
        return int(self.contracts.sum())

    @property
    def ended_count(self) -> int:
        return int(self.contracts[self.ended].sum())

    @property
    def data_hash(self) -> str:
        return hash_of(self.periods, self.ended.astype(np.int64), self.contracts)


class ShiftedBeta:
    """The log-likelihood of sBG on contract tuples: ended after period n, B(a+1, b+n-1) / B(a, b); running in period n, S(n-1)."""

    names = ("a", "b")

    def __init__(self, tuples: ContractTuples) -> None:
        self.tuples = tuples
        self.weights = tuples.contracts.astype(np.float64)
        self.customers = float(self.weights.sum())
        self.ended = tuples.ended.astype(np.float64)
        self.survived = tuples.periods - 1.0

    def sample(self, size: int) -> ShiftedBeta:
        return self

    def start(self) -> Floats:
        exposed = max(float(self.weights @ (self.survived + self.ended)), 1.0)
        share = min(max(float(self.weights @ self.ended), 0.5) / exposed, 0.9)
        return np.array([2 * share, 2 * (1 - share)])

    def evaluate(self, parameters: Floats, curvature: bool = True) -> Evaluation:
        a, b = (float(value) for value in parameters)
        w, top, bottom = self.weights, a + self.ended, b + self.survived
        value = w @ (betaln(top, bottom) - betaln(a, b))
        both, total = psi(top + bottom), psi(a + b)
        gradient = np.array([w @ (psi(top) - both - psi(a) + total), w @ (psi(bottom) - both - psi(b) + total)])
        if not curvature:
            return Evaluation(float(value), gradient)
        mixed = w @ (polygamma(1, a + b) - polygamma(1, top + bottom))
        aa, bb = w @ (polygamma(1, top) - polygamma(1, a)), w @ (polygamma(1, bottom) - polygamma(1, b))
        return Evaluation(float(value), gradient, np.array([[aa + mixed, mixed], [mixed, bb + mixed]]))


def survival(a: float, b: float, periods: Floats) -> Floats:
    """S(t): the share of contracts still there after `periods`."""
    return np.asarray(np.exp(betaln(a, b + np.asarray(periods, dtype=np.float64)) - betaln(a, b)))


def retention(a: float, b: float, period: Floats) -> Floats:
    """r(t): of the contracts in `period` t, the share that is renewed at its end."""
    t = np.asarray(period, dtype=np.float64)
    return np.asarray((b + t - 1) / (a + b + t - 1))


def expected_residual_lifetime(a: float, b: float, renewals: int, discount_rate: float) -> float:
    """DERL: the discounted number of payments still to come from a contract with `renewals` made that is about to renew, without end.

    Parameters
    ----------
    discount_rate : per period.
    """
    n = renewals + 1
    return float((b + n - 1) / (a + b + n - 1) * hyp2f1(1, b + n, a + b + n, 1 / (1 + discount_rate)))


def expected_renewals(a: float, b: float, period: int, count: int, discount_rate: float) -> Floats:
    """The same to a horizon: for a contract in `period`, the discounted payments of its next 1, 2, … `count` renewals.

    The first of them is not discounted: it is due now.
    """
    steps = np.arange(1, count + 1)
    share = survival(a, b, np.asarray(period - 1.0 + steps)) / survival(a, b, np.array(period - 1.0))
    return np.asarray(np.cumsum(share * (1 + discount_rate) ** -(steps - 1.0)))
