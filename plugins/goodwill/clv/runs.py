"""`model.clv_runs`: what was fitted tonight, one row a model, and the parameters the scores are read from."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field, fields

import duckdb

__all__ = ["PARAMETERS", "SPEND_MODEL", "ModelRun", "read_scoring_runs", "write_runs"]

SPEND_MODEL = "gamma_gamma"
PARAMETERS = ("r", "alpha", "a", "b", "p", "q", "v")

_TYPES = {
    "run_id": "varchar",
    "as_of": "date",
    "model": "varchar",
    "customers": "bigint",
    "repeat_customers": "bigint",
    "tuples": "bigint",
    "time_unit": "varchar",
    **dict.fromkeys(PARAMETERS, "double"),
    **{f"{name}_standard_error": "double" for name in PARAMETERS},
    "log_likelihood": "double",
    "converged": "boolean",
    "is_scoring_model": "boolean",
    "data_hash": "varchar",
    "fitted_seconds": "double",
    "status": "varchar",
    "message": "varchar",
}


@dataclass(frozen=True)
class ModelRun:
    """One model of one night.

    `status` is *accepted*, *rejected* (it did not converge, or broke a guard) or *not_fitted* (too little data); `message` says why.
    `is_scoring_model`: its parameters score the customers tonight. `time_unit` is the unit of `alpha`.
    """

    model: str
    customers: int
    repeat_customers: int
    tuples: int
    data_hash: str
    status: str
    message: str
    time_unit: str | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    standard_errors: dict[str, float] = field(default_factory=dict)
    log_likelihood: float | None = None
    converged: bool = False
    is_scoring_model: bool = False
    fitted_seconds: float = 0.0


def write_runs(connection: duckdb.DuckDBPyConnection, runs: list[ModelRun], run_id: str, as_of: dt.date) -> None:
    """Create `model.clv_runs` with tonight's rows (the ledger of all nights is the audit's)."""
    connection.execute("create schema if not exists model")
    connection.execute(f"create or replace table model.clv_runs ({', '.join(f'{name} {kind}' for name, kind in _TYPES.items())})")
    for run in runs:
        row: dict[str, object] = {"run_id": run_id, "as_of": as_of} | {k: v for k, v in asdict(run).items() if k in _TYPES}
        row |= {name: run.parameters.get(name) for name in PARAMETERS}
        row |= {f"{name}_standard_error": run.standard_errors.get(name) for name in PARAMETERS}
        connection.execute(
            f"insert into model.clv_runs ({', '.join(_TYPES)}) values ({', '.join('?' for _ in _TYPES)})", [row[name] for name in _TYPES]
        )


def read_scoring_runs(connection: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, ModelRun]:
    """Model → the run whose parameters score tonight; empty where every fit was refused."""
    names = [column.name for column in fields(ModelRun) if column.name in _TYPES]
    rows = connection.execute(
        f"select {', '.join((*names, *PARAMETERS))} from model.clv_runs where run_id = ? and is_scoring_model", [run_id]
    ).fetchall()
    runs = {}
    for row in rows:
        parameters = {name: value for name, value in zip(PARAMETERS, row[len(names) :], strict=True) if value is not None}
        runs[row[0]] = ModelRun(**dict(zip(names, row, strict=False)), parameters=parameters)
    return runs
