"""The stage that fits: read the tuples, decide, and write what was found into the warehouse."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from goodwill.clv.choosing import loss
from goodwill.clv.contract_fits import fit_contracts
from goodwill.clv.deciding import Decision, decide
from goodwill.clv.ledger import Ledger
from goodwill.clv.left_out import left_out
from goodwill.clv.runs import write_runs
from goodwill.clv.tuples import read_purchase_tuples, read_spend_tuples
from goodwill.settings.business import BusinessSettings

__all__ = ["fit"]

_HOLDOUTS = {
    "run_id": "varchar",
    "model": "varchar",
    "cut_on": "date",
    "weeks": "bigint",
    "measured_on": "date",
    "customers": "bigint",
    "predicted": "double",
    "actual": "bigint",
    "bias": "double",
    "mae": "double",
    "spearman": "double",
    "gini": "double",
    "decile_error": "double",
    "loss": "double",
    "message": "varchar",
}
_CALIBRATION = {
    "run_id": "varchar",
    "model": "varchar",
    "cut_on": "date",
    "decile": "bigint",
    "customers": "double",
    "predicted": "double",
    "actual": "double",
}
_TRACKING = {
    "run_id": "varchar",
    "model": "varchar",
    "cut_on": "date",
    "week": "bigint",
    "predicted": "double",
    "actual": "double",
    "predicted_in_all": "double",
    "actual_in_all": "double",
}


def fit(
    connection: duckdb.DuckDBPyConnection,
    settings: BusinessSettings,
    run_id: str,
    as_of: dt.date,
    ledger: Ledger | None = None,
    force_holdout: bool = False,
) -> dict[str, Any]:
    """Fit the models of the settings, judge them, and settle which score; a model that cannot be fitted is a row that says why.

    Parameters
    ----------
    connection : the open working warehouse, with `intermediate.int_rfm_tuples`, `int_spend_tuples`, `int_purchase_days`.
    ledger : what earlier nights decided; without it, this is the first night. Its new lines are this night's decisions.
    force_holdout : judge the models tonight, whether it is due or not.

    Returns
    -------
    Figures for the night's record: customers, tuples, who was left out, the status of each model, the gate and the choice.
    """
    everybody = read_purchase_tuples(connection)
    left = left_out(connection, everybody, settings.clv.dominance_share)
    purchases, spend = everybody.below(left.from_x), read_spend_tuples(connection).below(left.from_x)
    ledger = ledger if ledger is not None else Ledger()
    decision = decide(connection, settings, run_id, as_of, ledger, purchases, spend, left, force_holdout)
    contracts = fit_contracts(connection, settings)
    write_runs(connection, [*decision.runs, *contracts], run_id, as_of)
    _write_holdout(connection, run_id, decision)
    fitted = {run.model: run.status for run in decision.runs if run.origin == "fitted"}
    figures = {"customers": purchases.customer_count, "tuples": len(purchases.x), "left_out": left.dominant + left.impossible, **fitted}
    return figures | {"contract_plans": len(contracts), "gate": decision.gate.verdict, "choice": decision.choice}


def _write_holdout(connection: duckdb.DuckDBPyConnection, run_id: str, decision: Decision) -> None:
    """The holdout in force, tonight's or an earlier night's, as three tables."""
    line = decision.holdout or {"results": [], "as_of": None}
    results = line["results"]
    holdouts, calibration, tracking = [], [], []
    for result in results:
        key = {"run_id": run_id, "model": result["model"], "cut_on": result["cut_on"]}
        holdouts.append(key | result | {"measured_on": line["as_of"], "loss": loss(results, result["model"])})
        calibration += [key | tenth for tenth in result.get("deciles", [])]
        before = {"predicted": 0.0, "actual": 0}
        for week in result.get("tracking", []):
            only = {name: week[name] - before[name] for name in before}
            tracking.append(key | only | {"week": week["week"], "predicted_in_all": week["predicted"], "actual_in_all": week["actual"]})
            before = week
    tables = {"holdouts": (_HOLDOUTS, holdouts), "calibration": (_CALIBRATION, calibration), "tracking": (_TRACKING, tracking)}
    for name, (types, rows) in tables.items():
        connection.execute(f"create or replace table model.clv_{name} ({', '.join(f'{column} {kind}' for column, kind in types.items())})")
        if rows:
            connection.executemany(
                f"insert into model.clv_{name} values ({', '.join('?' for _ in types)})",
                [[row.get(column) for column in types] for row in rows],
            )
