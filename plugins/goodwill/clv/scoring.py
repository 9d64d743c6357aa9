"""Score every customer into `model.clv_scores`: SQL over the facts, tonight's parameters and a look-up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from goodwill.clv.horizons import MONTH_HORIZONS, Calendar
from goodwill.clv.lookup import expected_if_alive
from goodwill.clv.purchases import PurchaseParameters
from goodwill.clv.runs import SPEND_MODEL, read_scoring_runs
from goodwill.clv.scores_sql import POPULATION, scores
from goodwill.settings.business import BusinessSettings

__all__ = ["score"]

#: How many average purchases the population's margin rate weighs against a customer's own history.
MARGIN_CREDIBILITY = 5.0
#: How many purchases the population's mean spend weighs where the spend model is not used.
SPEND_CREDIBILITY = 3.0
#: How many days the population's cost to serve weighs against a customer's own.
COST_CREDIBILITY = 90.0


def score(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date) -> dict[str, Any]:
    """Write `model.clv_scores`, one row for every row of `intermediate.int_customer_facts` with a purchase day.

    Parameters
    ----------
    connection : the open working warehouse, after `fit` of the same `run_id`.
    as_of : the day the ages are counted to; dates of next purchases are counted from it.

    Returns
    -------
    Figures for the night's record: customers scored, by model, and with a fallback.
    """
    runs = read_scoring_runs(connection, run_id)
    purchases, spend = runs.get(settings.clv.scoring_model), runs.get(SPEND_MODEL)
    calendar = Calendar(settings.clv.annual_discount_rate)
    model = PurchaseParameters(settings.clv.scoring_model, **purchases.parameters) if purchases else None
    values = {name: (spend.parameters if spend else {}).get(name) for name in ("p", "q", "v")}
    values |= {name: getattr(model, name, None) for name in ("r", "alpha", "a", "b")}
    values |= {f"discounted_days_{months}": float(calendar.columns(calendar.days)[f"discounted_{months}"]) for months in MONTH_HORIZONS}
    values |= {"margin_credibility": MARGIN_CREDIBILITY, "spend_credibility": SPEND_CREDIBILITY, "cost_credibility": COST_CREDIBILITY}
    values |= {"assumed_margin_rate": settings.margin.assumed_rate}
    texts = {"model": model.model if model else None, "purchase_refusal": _message(connection, run_id, settings.clv.scoring_model)}
    texts |= {"spend_refusal": _message(connection, run_id, SPEND_MODEL)}
    columns = [f"cast(${name} as double) as {name}" for name in values] + [f"cast(${name} as varchar) as {name}" for name in texts]
    connection.execute(
        f"create or replace temp table scoring_parameters as select cast($as_of as date) as as_of, {', '.join(columns)}",
        values | texts | {"as_of": as_of},
    )
    connection.execute(POPULATION)
    connection.register("scoring_lookup", expected_if_alive(connection, model, calendar))
    try:
        connection.execute(scores(model.model if model else None))
    finally:
        connection.unregister("scoring_lookup")
    connection.execute("drop table scoring_parameters")
    connection.execute("drop table scoring_population")
    counts = connection.execute(
        "select model_used, count(*), count(fallback_reason) from model.clv_scores group by 1 order by 1"
    ).fetchall()
    return {
        "customers": sum(row[1] for row in counts),
        "with_fallback": sum(row[2] for row in counts),
        **{f"scored_by_{used}": customers for used, customers, _ in counts},
    }


def _message(connection: duckdb.DuckDBPyConnection, run_id: str, model: str) -> str | None:
    """What the fit of a model said."""
    row = connection.execute("select message from model.clv_runs where run_id = ? and model = ?", [run_id, model]).fetchone()
    return row[0] if row else None
