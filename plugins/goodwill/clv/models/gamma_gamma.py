"""Gamma-Gamma: mean spend on a purchase day, a personal mean around everybody's; likelihood with analytic gradient and Hessian.

    log L = lnGamma(px+q) - lnGamma(px) - lnGamma(q) + q ln(v) + (px-1) ln(m) + px ln(x) - (px+q) ln(xm+v),   m the mean of x purchases

Source: Fader & Hardie 2013, "The Gamma-Gamma Model of Monetary Value".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, polygamma, psi

from goodwill.clv.models.likelihood import Evaluation
from goodwill.clv.sums import weighted_sum
from goodwill.clv.tuples import SpendTuples

__all__ = ["GammaGamma"]

Floats = NDArray[np.float64]


class GammaGamma:
    """The log-likelihood of Gamma-Gamma on (x, mean spend) tuples; `v` in units of the reporting currency."""

    names = ("p", "q", "v")

    def __init__(self, tuples: SpendTuples) -> None:
        self.tuples = tuples
        self.weights = tuples.customers.astype(np.float64)
        self.customers = float(self.weights.sum())
        self.x_values, self.place = np.unique(tuples.x, return_inverse=True)
        self.by_x = np.bincount(self.place, self.weights, len(self.x_values))
        mean = tuples.mean
        self.spent = tuples.x * mean
        self.log_mean = weighted_sum(self.weights, np.log(mean))
        self.x_log_spent = weighted_sum(self.weights * tuples.x, np.log(self.spent))

    def sample(self, size: int) -> GammaGamma:
        return GammaGamma(self.tuples.sample(size))

    def start(self) -> Floats:
        return np.array([2.0, 4.0, 1.5 * self.tuples.mean_spend])

    def evaluate(self, parameters: Floats, curvature: bool = True) -> Evaluation:
        p, q, v = (float(value) for value in parameters)
        x, n = self.x_values, self.by_x
        total = self.spent + v
        log_total, inverse = self.weights * np.log(total), self.weights / total
        shape = p * x + q
        log_by_x = np.bincount(self.place, log_total, len(x))
        inverse_by_x = np.bincount(self.place, inverse, len(x))
        value = n @ (gammaln(shape) - gammaln(p * x) - gammaln(q)) + self.customers * q * np.log(v)
        value += p * self.x_log_spent - self.log_mean - shape @ log_by_x
        gradient = np.array(
            [
                n @ (x * (psi(shape) - psi(p * x))) + self.x_log_spent - x @ log_by_x,
                n @ (psi(shape) - psi(q)) + self.customers * np.log(v) - log_by_x.sum(),
                self.customers * q / v - shape @ inverse_by_x,
            ]
        )
        if not curvature:
            return Evaluation(float(value), gradient)
        trigamma = polygamma(1, shape)
        squares = np.bincount(self.place, inverse / total, len(x))
        pp = n @ (x**2 * (trigamma - polygamma(1, p * x)))
        pq, pv = n @ (x * trigamma), -(x @ inverse_by_x)
        qq, qv = n @ (trigamma - polygamma(1, q)), self.customers / v - inverse_by_x.sum()
        vv = -self.customers * q / v**2 + shape @ squares
        return Evaluation(float(value), gradient, np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]]))
