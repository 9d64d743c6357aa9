"""The stage that fits: read the tuples, decide, and write what was found into the warehouse."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from goodwill.clv.choosing import loss
from goodwill.clv.contract_deciding import decide_contracts
from goodwill.clv.deciding import decide
from goodwill.clv.judging import Night
from goodwill.clv.ledger import Ledger, Line
from goodwill.clv.left_out import left_out
from goodwill.clv.runs import ALL, ModelRun, write_runs
from goodwill.clv.tuples import read_purchase_tuples, read_spend_tuples
from goodwill.settings.business import BusinessSettings

__all__ = ["fit"]

_HOLDOUTS = {
    "run_id": "varchar",
    "model": "varchar",
    "group_name": "varchar",
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
    "predicted_ended": "double",
    "actual_ended": "bigint",
    "ended_error": "double",
    "predicted_value": "double",
    "actual_value": "double",
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
    contracts, held = decide_contracts(Night(connection, settings, run_id, as_of, ledger), force_holdout)
    write_runs(connection, [*decision.runs, *contracts], run_id, as_of)
    _write_holdouts(connection, run_id, [line for line in (decision.holdout, held) if line])
    fitted = {run.model: run.status for run in decision.runs if run.origin == "fitted"}
    figures = {"customers": purchases.customer_count, "tuples": len(purchases.x), "left_out": left.dominant + left.impossible, **fitted}
    figures |= {"contract_plans": len(contracts), "gate": decision.gate.verdict, "choice": decision.choice}
    return figures | ({"contract_gate": _verdict(contracts)} if contracts else {})


def _verdict(contracts: list[ModelRun]) -> str:
    """Failed where the gate of any plan has; else what is said of all plans."""
    verdicts = {run.group_name: run.gate for run in contracts}
    return "failed" if "failed" in verdicts.values() else str(verdicts[ALL])


def _write_holdouts(connection: duckdb.DuckDBPyConnection, run_id: str, lines: list[Line]) -> None:
    """The holdouts in force, tonight's or an earlier night's, of purchases and of contracts, as three tables."""
    holdouts, calibration, tracking = [], [], []
    for line in lines:
        for result in line["results"]:
            key = {"run_id": run_id, "model": result["model"], "cut_on": result["cut_on"]}
            against = None if "group_name" in result else loss(line["results"], result["model"])
            holdouts.append({"group_name": ALL} | key | result | {"measured_on": line["as_of"], "loss": against})
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
