"""The times for which values are published: 30 to 365 days, and 12, 24 and 36 months of 365.25 / 12 days, discounted mid-month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAYS_PER_MONTH", "DAY_HORIZONS", "MONTH_HORIZONS", "Calendar"]

Floats = NDArray[np.float64]

DAY_HORIZONS = (30, 90, 180, 365)
MONTH_HORIZONS = (12, 24, 36)
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Calendar:
    """The grid of days on which expectations are computed, and the worth today of what falls into each month.

    Parameters
    ----------
    annual_discount_rate : 0.10 is ten per cent a year; the monthly rate is (1 + annual)^(1/12) - 1.
    """

    annual_discount_rate: float

    @property
    def days(self) -> Floats:
        """The four day horizons, then the ends of the months 1 to 36."""
        return np.concatenate([np.array(DAY_HORIZONS, dtype=np.float64), DAYS_PER_MONTH * np.arange(1, max(MONTH_HORIZONS) + 1)])

    @property
    def month_factors(self) -> Floats:
        """1 / (1 + d)^(k - 1/2) for month k = 1 to 36: what falls into a month falls on its middle."""
        return (1 + self.annual_discount_rate) ** -((np.arange(1, max(MONTH_HORIZONS) + 1) - 0.5) / 12)

    def columns(self, cumulative: Floats) -> dict[str, Floats]:
        """Columns of something cumulative over `days` (last axis): `at_30` … and `plain_12` … undiscounted, `discounted_12` … discounted.

        The discounted sum to month H is that of the increments, each times its month's factor.
        """
        by_day, by_month = cumulative[..., : len(DAY_HORIZONS)], cumulative[..., len(DAY_HORIZONS) :]
        discounted = np.cumsum(np.diff(by_month, axis=-1, prepend=0.0) * self.month_factors, axis=-1)
        at = {f"at_{days}": by_day[..., index] for index, days in enumerate(DAY_HORIZONS)}
        at |= {f"plain_{months}": by_month[..., months - 1] for months in MONTH_HORIZONS}
        return at | {f"discounted_{months}": discounted[..., months - 1] for months in MONTH_HORIZONS}
