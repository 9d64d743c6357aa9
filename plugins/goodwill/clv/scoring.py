"""Score every customer into `model.clv_scores`: SQL over the facts, the parameters that score tonight, and look-ups."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import duckdb
import pyarrow as pa

from goodwill.clv import averages_sql, scores_sql
from goodwill.clv.contracts import renewal_table
from goodwill.clv.horizons import MONTH_HORIZONS, Calendar
from goodwill.clv.lookup import expected_if_alive, interval_names, tuple_scores
from goodwill.clv.outlooks import ModelName, outlook_of
from goodwill.clv.runs import ALL, CONTRACT_MODEL, SPEND_MODEL, ModelRun, read_scoring_runs
from goodwill.clv.tuples import read_purchase_tuples
from goodwill.settings.business import BusinessSettings
from goodwill.sql import literal

__all__ = ["score"]

#: How many average purchases the margin rate of the category weighs against a customer's own history, and everybody's against the category's.
MARGIN_CREDIBILITY = 5.0
#: How many purchases the population's mean spend weighs where the spend model is not used.
SPEND_CREDIBILITY = 3.0
#: How many days the population's cost to serve weighs against a customer's own.
COST_CREDIBILITY = 90.0
#: Repeat customers below which no interval of a single customer is claimed.
INTERVALS_FROM = 30


def score(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date) -> dict[str, Any]:
    """Write `model.clv_scores`, one row for every customer with a purchase day, and for every subscriber.

    Parameters
    ----------
    connection : the open working warehouse, after `fit` of the same `run_id`.
    as_of : the day the ages are counted to; dates of next purchases are counted from it.

    Returns
    -------
    Figures for the night's record: customers scored, by model, and with a fallback.
    """
    runs = read_scoring_runs(connection, run_id)
    spend = next((run for run in runs if run.model == SPEND_MODEL), None)
    purchases = {run.group_name: run for run in runs if run.model not in (SPEND_MODEL, CONTRACT_MODEL)}
    calendars = _calendars(settings)
    _write_parameters(connection, settings, run_id, as_of, spend)
    _write_policies(connection, settings)
    _write_models(connection, run_id, purchases)
    for statement in averages_sql.STATEMENTS:
        connection.execute(statement)
    tables = _look_ups(connection, purchases, spend, calendars)
    tables["scoring_days"] = _discounted_days(calendars)
    contracts = [run for run in runs if run.model == CONTRACT_MODEL]
    tables["scoring_renewals"] = renewal_table(connection, contracts, settings.clv.annual_discount_rate)
    for name, table in tables.items():
        connection.register(name, table)
    try:
        connection.execute(scores_sql.contracts())
        connection.execute(scores_sql.scores())
    finally:
        for name in tables:
            connection.unregister(name)
    for name in ("scoring_parameters", "scoring_policies", "scoring_models", "scoring_contracts", *averages_sql.TABLES):
        connection.execute(f"drop table {name}")
    counts = connection.execute(
        "select model_used, count(*), count(fallback_reason) from model.clv_scores group by 1 order by 1"
    ).fetchall()
    return {
        "scored": sum(row[1] for row in counts),
        "with_fallback": sum(row[2] for row in counts),
        **{f"scored_by_{used}": customers for used, customers, _ in counts},
    }


def _calendars(settings: BusinessSettings) -> dict[float, Calendar]:
    """Every discount rate that somebody's value is counted with."""
    rates = {settings.clv.annual_discount_rate}
    rates |= {policy.annual_discount_rate for policy in settings.clv.policies.values() if policy.annual_discount_rate is not None}
    return {rate: Calendar(rate) for rate in sorted(rates)}


def _write_parameters(
    connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date, spend: ModelRun | None
) -> None:
    """One row: what is the same for everybody."""
    values: dict[str, float | None] = {name: (spend.parameters if spend else {}).get(name) for name in ("p", "q", "v")}
    values |= {"margin_credibility": MARGIN_CREDIBILITY, "spend_credibility": SPEND_CREDIBILITY, "cost_credibility": COST_CREDIBILITY}
    values |= {"assumed_margin_rate": settings.margin.assumed_rate, "annual_discount_rate": settings.clv.annual_discount_rate}
    texts = {"spend_refusal": _message(connection, run_id, SPEND_MODEL), "spend_remark": _remark("spend", spend)}
    columns = [f"cast(${name} as double) as {name}" for name in values] + [f"cast(${name} as varchar) as {name}" for name in texts]
    connection.execute(
        f"create or replace temp table scoring_parameters as select cast($as_of as date) as as_of, cast({MONTH_HORIZONS[0]} as bigint) "
        f"as horizon_months, {', '.join(columns)}",
        values | texts | {"as_of": as_of},
    )


def _write_policies(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings) -> None:
    """One row a brand with a policy of its own."""
    connection.execute(
        "create or replace temp table scoring_policies (brand varchar, horizon_months bigint, annual_discount_rate double, "
        "margin_rate double, business_model varchar, positioning varchar)"
    )
    for brand, policy in settings.clv.policies.items():
        row = [policy.horizon_months, policy.annual_discount_rate, policy.margin_rate, policy.business_model, policy.positioning]
        connection.execute("insert into scoring_policies values (?, ?, ?, ?, ?, ?)", [brand, *row])


def _write_models(connection: duckdb.DuckDBPyConnection, run_id: str, runs: dict[str, ModelRun]) -> None:
    """One row a group of customers: the model that scores it, or why none does."""
    connection.execute(
        "create or replace temp table scoring_models (model_group varchar, model varchar, refusal varchar, remark varchar, has_intervals boolean)"
    )
    refusal = _refusal(connection, run_id)
    groups = [row[0] for row in connection.execute("select distinct model_group from intermediate.int_rfm_tuples").fetchall()]
    for group in sorted({ALL, *groups}):
        run = runs.get(group, runs.get(ALL))
        row = [run.model if run else None, refusal, _remark("purchases", run), run is not None and run.repeat_customers >= INTERVALS_FROM]
        connection.execute("insert into scoring_models values (?, ?, ?, ?, ?)", [group, *row])


def _look_ups(
    connection: duckdb.DuckDBPyConnection, purchases: dict[str, ModelRun], spend: ModelRun | None, calendars: dict[float, Calendar]
) -> dict[str, pa.Table]:
    """What the models say of every history there is, by group; empty where none scores."""
    groups = [row[0] for row in connection.execute("select distinct model_group from intermediate.int_rfm_tuples order by 1").fetchall()]
    found: dict[str, list[pa.Table]] = {"scoring_lookup": [_no_expectations()], "scoring_tuples": [_no_tuples()]}
    for group in groups:
        run = purchases.get(group, purchases.get(ALL))
        if run is None:
            continue
        outlook = outlook_of(cast(ModelName, run.model), run.parameters)
        tuples = read_purchase_tuples(connection, f"(from intermediate.int_rfm_tuples where model_group = {literal(group)})")
        found["scoring_lookup"].append(expected_if_alive(outlook, tuples, group, calendars))
        found["scoring_tuples"].append(tuple_scores(outlook, run.parameters["alpha"], tuples, group, spend.parameters if spend else None))
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def _no_expectations() -> pa.Table:
    names = list(Calendar(0.0).columns(Calendar(0.0).days))
    fields = [("model_group", pa.string()), ("x", pa.int64()), ("age_days", pa.int64()), ("discount_rate", pa.float64())]
    return pa.schema([*fields, *((name, pa.float64()) for name in names)]).empty_table()


def _no_tuples() -> pa.Table:
    fields = [("model_group", pa.string()), ("x", pa.int64()), ("t_x_days", pa.int64()), ("age_days", pa.int64())]
    fields += [("p_alive", pa.float64()), ("next_purchase_days", pa.float64())]
    fields += [(name, pa.int32() if name.startswith("purchases") else pa.float32()) for name in interval_names()]
    return pa.schema(fields).empty_table()


def _discounted_days(calendars: dict[float, Calendar]) -> pa.Table:
    """By discount rate: what one purchase a day to each horizon is worth, in purchases."""
    rows = [
        {"discount_rate": rate, **{name: float(value) for name, value in calendar.columns(calendar.days).items()}}
        for rate, calendar in calendars.items()
    ]
    kept = ["discount_rate", *(f"{kind}_{months}" for kind in ("plain", "discounted") for months in MONTH_HORIZONS)]
    return pa.Table.from_pylist(rows).select(kept)


def _remark(what: str, run: ModelRun | None) -> str | None:
    """What a customer's row says of parameters that are not tonight's."""
    return f"{what}: {run.message}" if run is not None and run.origin == "restored" else None


def _message(connection: duckdb.DuckDBPyConnection, run_id: str, model: str) -> str | None:
    """What tonight's fit of a model said."""
    row = connection.execute(
        "select message from model.clv_runs where run_id = ? and model = ? and origin = 'fitted' and group_name = 'all'", [run_id, model]
    ).fetchone()
    return row[0] if row else None


def _refusal(connection: duckdb.DuckDBPyConnection, run_id: str) -> str | None:
    """Why no purchase model scores: the gate, or what the fit of the chosen one said."""
    row = connection.execute(
        """
        select case when gate = 'failed' then gate_message else message end
        from model.clv_runs
        where run_id = ? and origin = 'fitted' and group_name = 'all' and gate is not null
        """,
        [run_id],
    ).fetchone()
    return row[0] if row else None
