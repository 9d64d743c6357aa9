"""A night of customer value on a small warehouse, and what must hold of it whatever the customers are."""

from __future__ import annotations

import duckdb
from goodwill import clv
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import AS_OF, RUN

SETTINGS = BusinessSettings(clv=Clv(minimum_repeat_customers=5, models=("mbg_nbd", "pareto_nbd")))
NUMBERS = (
    "p_alive",
    "expected_purchases_30",
    "expected_purchases_90",
    "expected_purchases_180",
    "expected_purchases_365",
    "expected_spend",
    "margin_rate",
    "expected_value_30",
    "expected_value_90",
    "expected_value_180",
    "expected_value_365",
    "clv_12",
    "clv_24",
    "clv_36",
)


def score_whole(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings = SETTINGS) -> None:
    """Fit and score; every customer once, every number a number."""
    clv.fit(connection, settings, RUN, AS_OF)
    clv.score(connection, settings, RUN, AS_OF)
    customers = connection.execute("select count(*) from intermediate.int_customer_facts").fetchall()
    assert connection.execute("select count(*) from model.clv_scores").fetchall() == customers
    for number in NUMBERS:
        none = f"select * from model.clv_scores where {number} is null or not isfinite(cast({number} as double))"
        assert connection.execute(none).fetchall() == [], number
    bounds = connection.execute("select * from model.clv_scores where p_alive not between 0 and 1 or expected_purchases_30 < 0").fetchall()
    assert bounds == []
