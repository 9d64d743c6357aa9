"""The look-up the scores are joined to: what a customer with `x` repeats, first seen `T` days ago, will buy if still there."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from goodwill.clv.horizons import Calendar
from goodwill.clv.purchases import PurchaseParameters, expected_purchases_if_alive
from goodwill.clv.tuples import DAYS_PER_WEEK

__all__ = ["expected_if_alive"]

_PAIRS = """
select distinct purchase_days - 1 as x, age_days
from intermediate.int_customer_facts
where purchase_days >= 1 and not is_guest
order by x, age_days
"""


def expected_if_alive(connection: duckdb.DuckDBPyConnection, parameters: PurchaseParameters | None, calendar: Calendar) -> pa.Table:
    """E[Y(t) | alive, x, T] for the distinct (x, T) of the identified customers: a million of them have some ten thousand.

    Parameters
    ----------
    parameters : None where no purchase model was accepted; the look-up is empty then.

    Returns
    -------
    Columns `x`, `age_days`, `at_30` … `at_365` (undiscounted) and `discounted_12` … `discounted_36`.
    """
    pairs = np.array(connection.execute(_PAIRS).fetchall() if parameters else [], dtype=np.int64).reshape(-1, 2)
    cumulative = np.empty((len(pairs), len(calendar.days)))
    if parameters:
        weeks = calendar.days / DAYS_PER_WEEK
        for x in np.unique(pairs[:, 0]):
            rows = pairs[:, 0] == x
            scaled_time = weeks / (parameters.alpha + pairs[rows, 1, None] / DAYS_PER_WEEK)
            cumulative[rows] = expected_purchases_if_alive(parameters, int(x), scaled_time)
    return pa.table({"x": pairs[:, 0], "age_days": pairs[:, 1], **calendar.columns(cumulative)})
