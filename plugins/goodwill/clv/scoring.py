"""Score every customer into `model.clv_scores`: SQL over the facts, the parameters that score tonight, and look-ups."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import duckdb
import pyarrow as pa

from goodwill.clv import averages_sql, contracts_sql, scores_sql
from goodwill.clv.contracts import renewal_table
from goodwill.clv.horizons import MONTH_HORIZONS, Calendar
from goodwill.clv.lookup import histories, no_histories
from goodwill.clv.outlooks import ModelName, outlook_of
from goodwill.clv.runs import ALL, CONTRACT_MODEL, SPEND_MODEL, ModelRun, read_scoring_runs
from goodwill.clv.seasons import season
from goodwill.clv.tuples import CONTRACT_GROUP, MORE_THAN_ANYBODY, read_purchase_tuples
from goodwill.settings.business import BusinessSettings
from goodwill.sql import literal

__all__ = ["score"]

_PAYMENTS = "purchases: they are the payments of a contract and have no part in the fits"
#: How many average purchases the margin rate of the category weighs against a customer's own history, and everybody's against the category's.
MARGIN_CREDIBILITY = 5.0
#: How many purchases the population's mean spend weighs where the spend model is not used.
SPEND_CREDIBILITY = 3.0
#: How many days the population's cost to serve weighs against a customer's own.
COST_CREDIBILITY = 90.0


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
    # a group's own parameters lean on everybody's: it is everybody who have to be many enough
    with_intervals = max((run.repeat_customers for run in purchases.values()), default=0) >= settings.clv.minimum_interval_customers
    _write_parameters(connection, settings, as_of, spend, _left_out_from(connection, run_id))
    _write_policies(connection, settings)
    _write_models(connection, run_id, purchases, spend)
    _write_plans(connection, run_id)
    for statement in averages_sql.STATEMENTS:
        connection.execute(statement)
    contracts = [run for run in runs if run.model == CONTRACT_MODEL]
    tables = {
        "scoring_histories": _histories(connection, purchases, spend, calendars, with_intervals),
        "scoring_days": _days(calendars),
        "scoring_renewals": renewal_table(connection, contracts, [calendar.annual_discount_rate for calendar in calendars]),
    }
    for name, table in tables.items():
        connection.register(name, table)
    try:
        connection.execute(contracts_sql.contracts())
        connection.execute(scores_sql.scores(len(calendars), with_intervals))
    finally:
        for name in tables:
            connection.unregister(name)
    for name in ("scoring_parameters", "scoring_policies", "scoring_models", "scoring_plans", "scoring_contracts", *averages_sql.TABLES):
        connection.execute(f"drop table {name}")
    counts = connection.execute(
        "select model_used, count(*), count(fallback_reason) from model.clv_scores group by 1 order by 1"
    ).fetchall()
    return {
        "scored": sum(row[1] for row in counts),
        "with_fallback": sum(row[2] for row in counts),
        **{f"scored_by_{used}": customers for used, customers, _ in counts},
    }


def _calendars(settings: BusinessSettings) -> list[Calendar]:
    """Every discount rate that somebody's value is counted with."""
    rates = {settings.clv.annual_discount_rate}
    rates |= {policy.annual_discount_rate for policy in settings.clv.policies.values() if policy.annual_discount_rate is not None}
    return [Calendar(rate) for rate in sorted(rates)]


def _left_out_from(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
    """The repeat purchase days from which on customers took no part in tonight's fits; more than anybody has where everybody did."""
    ((found,),) = connection.execute("select max(left_out_from_x) from model.clv_runs where run_id = ?", [run_id]).fetchall()
    return MORE_THAN_ANYBODY if found is None else int(found)


def _write_parameters(
    connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, as_of: dt.date, spend: ModelRun | None, left_out_from_x: int
) -> None:
    """One row: what is the same for everybody."""
    values: dict[str, float | None] = {name: (spend.parameters if spend else {}).get(name) for name in ("p", "q", "v")}
    values |= {"margin_credibility": MARGIN_CREDIBILITY, "spend_credibility": SPEND_CREDIBILITY, "cost_credibility": COST_CREDIBILITY}
    values |= {"assumed_margin_rate": settings.margin.assumed_rate, "annual_discount_rate": settings.clv.annual_discount_rate}
    pace_weeks = averages_sql.PACE_DAYS // 7
    found = season(connection, as_of - dt.timedelta(weeks=pace_weeks), pace_weeks)
    values |= {"season": 1.0 if found is None else found}
    columns = [f"cast(${name} as double) as {name}" for name in values]
    connection.execute(
        f"create or replace temp table scoring_parameters as select cast($as_of as date) as as_of, cast({MONTH_HORIZONS[0]} as bigint) "
        f"as horizon_months, cast($left_out_from_x as bigint) as left_out_from_x, {', '.join(columns)}",
        values | {"as_of": as_of, "left_out_from_x": left_out_from_x},
    )


def _write_policies(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings) -> None:
    """One row a brand, or a plan of contracts, with a policy of its own."""
    connection.execute(
        "create or replace temp table scoring_policies (name varchar, horizon_months bigint, annual_discount_rate double, "
        "margin_rate double, business_model varchar, positioning varchar)"
    )
    for name, policy in settings.clv.policies.items():
        row = [policy.horizon_months, policy.annual_discount_rate, policy.margin_rate, policy.business_model, policy.positioning]
        connection.execute("insert into scoring_policies values (?, ?, ?, ?, ?, ?)", [name, *row])


def _write_models(connection: duckdb.DuckDBPyConnection, run_id: str, runs: dict[str, ModelRun], spend: ModelRun | None) -> None:
    """One row a group of customers: the model that scores it, and why it is not tonight's."""
    connection.execute("create or replace temp table scoring_models (model_group varchar, model varchar, reason varchar)")
    refusal = _refusal(connection, run_id) or "not fitted"
    refused = _message(connection, run_id, SPEND_MODEL) or "not fitted"
    of_spend = _remark("spend", spend) if spend else f"spend: {refused}; own mean, weighed with the average one"
    nobody = f"purchases: {refusal}; everybody is expected back at the rate of those who came in the same quarter, as far as it held in the last one"
    for group in sorted({ALL, *_groups(connection)}):
        run = runs.get(group, runs.get(ALL))
        of_payments = (f"{_PAYMENTS}; scored by the parameters of those who buy" if run else _PAYMENTS) if group == CONTRACT_GROUP else None
        reasons = [of_payments, _remark("purchases", run) if run else nobody, of_spend]
        row = [group, run.model if run else None, "; ".join(reason for reason in reasons if reason) or None]
        connection.execute("insert into scoring_models values (?, ?, ?)", row)


def _write_plans(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """One row a plan of contracts that is not valued by tonight's fit: what a score says of it."""
    connection.execute(
        """
        create or replace temp table scoring_plans as
        select
            fitted.group_name as plan,
            'contract: ' || instead.message as reason
        from model.clv_runs as fitted
        inner join model.clv_runs as instead
            on fitted.group_name = instead.group_name
            and instead.run_id = fitted.run_id
            and instead.model = fitted.model
            and instead.origin <> 'fitted'
        where fitted.run_id = $run_id and fitted.model = $model and fitted.origin = 'fitted' and fitted.group_name <> 'all'
        """,
        {"run_id": run_id, "model": CONTRACT_MODEL},
    )


def _groups(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.execute("select distinct model_group from intermediate.int_rfm_tuples order by 1").fetchall()]


def _histories(
    connection: duckdb.DuckDBPyConnection,
    purchases: dict[str, ModelRun],
    spend: ModelRun | None,
    calendars: list[Calendar],
    with_intervals: bool,
) -> pa.Table:
    """What the models say of every history there is, by group; empty where none scores."""
    found = [no_histories(len(calendars))]
    for group in _groups(connection):
        run = purchases.get(group, purchases.get(ALL))
        if run is None:
            continue
        outlook, alpha = outlook_of(cast(ModelName, run.model), run.parameters), run.parameters["alpha"]
        tuples = read_purchase_tuples(connection, f"(from intermediate.int_rfm_tuples where model_group = {literal(group)})")
        parameters = spend.parameters if spend else None
        found.append(histories(outlook, alpha, tuples, group, parameters, calendars, with_intervals))
    return pa.concat_tables(found)


def _days(calendars: list[Calendar]) -> pa.Table:
    """By discount rate: the days to each horizon, and what is left of one purchase a day after discounting."""
    rows = []
    for number, calendar in enumerate(calendars):
        days = {name: float(value) for name, value in calendar.columns(calendar.days).items()}
        row = {"rate": number, "discount_rate": calendar.annual_discount_rate}
        for months in MONTH_HORIZONS:
            row |= {f"plain_{months}": days[f"plain_{months}"], f"share_{months}": days[f"discounted_{months}"] / days[f"plain_{months}"]}
        rows.append(row)
    return pa.Table.from_pylist(rows)


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
        where run_id = ? and origin = 'fitted' and group_name = 'all' and gate is not null and model <> ?
        """,
        [run_id, CONTRACT_MODEL],
    ).fetchone()
    return row[0] if row else None
