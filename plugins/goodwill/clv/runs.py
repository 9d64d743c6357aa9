"""`model.clv_runs`: what was fitted tonight, one row a model and group, and the parameters the scores are read from."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field

import duckdb

__all__ = ["ALL", "CONTRACT_MODEL", "PARAMETERS", "SPEND_MODEL", "ModelRun", "read_scoring_runs", "write_runs"]

SPEND_MODEL, CONTRACT_MODEL = "gamma_gamma", "shifted_beta_geometric"
#: The group of a model that is fitted to everybody.
ALL = "all"
PARAMETERS = ("r", "alpha", "a", "b", "s", "beta", "p", "q", "v")

_TYPES = {
    "run_id": "varchar",
    "as_of": "date",
    "model": "varchar",
    "group_name": "varchar",
    "origin": "varchar",
    "customers": "bigint",
    "repeat_customers": "bigint",
    "tuples": "bigint",
    "left_out_customers": "bigint",
    "left_out_from_x": "bigint",
    "impossible_histories": "bigint",
    "time_unit": "varchar",
    **dict.fromkeys(PARAMETERS, "double"),
    **{f"{name}_standard_error": "double" for name in PARAMETERS},
    "covariance": "varchar",
    "log_likelihood": "double",
    "with_prior": "boolean",
    "converged": "boolean",
    "slope": "double",
    "evaluations": "bigint",
    "is_scoring_model": "boolean",
    "status": "varchar",
    "message": "varchar",
    "gate": "varchar",
    "gate_message": "varchar",
    "parameters_run_id": "varchar",
    "parameters_as_of": "date",
    "stale_days": "bigint",
    "warm_start_run_id": "varchar",
    "crosscheck_difference": "double",
    "parameter_shift": "double",
    "psi_x": "double",
    "psi_age": "double",
    "psi_spend": "double",
    "data_hash": "varchar",
    "fitted_seconds": "double",
}


@dataclass(frozen=True)
class ModelRun:
    """One model of one night, on one group of customers.

    `origin` is *fitted* tonight, *restored* from the ledger, or, of contracts whose holdout failed with nothing to restore, *observed* in it. `status` is *accepted*, *rejected* (it did not converge, or broke a guard) or
    *not_fitted* (too little data); `message` says why. `is_scoring_model`: its parameters score the customers tonight. `time_unit` is the
    unit of `alpha` and `beta`. Of the purchase and spend models, `left_out_customers` with at least `left_out_from_x` repeat purchase days,
    and those with `impossible_histories`, took no part in the fit. `covariance` is that of the parameters, in the order in which `parameters` holds them.
    """

    model: str
    customers: int
    repeat_customers: int
    tuples: int
    data_hash: str
    status: str
    message: str
    group_name: str = ALL
    origin: str = "fitted"
    time_unit: str | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    covariance: list[list[float]] = field(default_factory=list)
    log_likelihood: float | None = None
    with_prior: bool | None = None
    converged: bool = False
    slope: float | None = None
    evaluations: int | None = None
    is_scoring_model: bool = False
    gate: str | None = None
    gate_message: str | None = None
    parameters_run_id: str | None = None
    parameters_as_of: dt.date | None = None
    stale_days: int | None = None
    warm_start_run_id: str | None = None
    crosscheck_difference: float | None = None
    parameter_shift: float | None = None
    psi_x: float | None = None
    psi_age: float | None = None
    psi_spend: float | None = None
    left_out_customers: int | None = None
    left_out_from_x: int | None = None
    impossible_histories: int | None = None
    fitted_seconds: float = 0.0

    @property
    def standard_errors(self) -> dict[str, float]:
        """The roots of the diagonal of the covariance, four digits."""
        return {name: float(f"{self.covariance[i][i] ** 0.5:.4g}") for i, name in enumerate(self.parameters) if self.covariance}

    def row(self) -> dict[str, object]:
        """The columns of `model.clv_runs`, without run and day."""
        row: dict[str, object] = {name: getattr(self, name) for name in _TYPES if hasattr(self, name)}
        row |= {name: self.parameters.get(name) for name in PARAMETERS}
        row |= {f"{name}_standard_error": self.standard_errors.get(name) for name in PARAMETERS}
        covariance = {"parameters": list(self.parameters), "covariance": self.covariance}
        return row | {"covariance": json.dumps(covariance) if self.covariance else None}


def write_runs(connection: duckdb.DuckDBPyConnection, runs: list[ModelRun], run_id: str, as_of: dt.date) -> None:
    """Create `model.clv_runs` with tonight's rows (what was accepted on which night is in the ledger)."""
    connection.execute("create schema if not exists model")
    connection.execute(f"create or replace table model.clv_runs ({', '.join(f'{name} {kind}' for name, kind in _TYPES.items())})")
    for run in runs:
        row = {"run_id": run_id, "as_of": as_of} | run.row()
        connection.execute(
            f"insert into model.clv_runs ({', '.join(_TYPES)}) values ({', '.join('?' for _ in _TYPES)})", [row[name] for name in _TYPES]
        )


def read_scoring_runs(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[ModelRun]:
    """The runs whose parameters score tonight; empty where every fit was refused."""
    names = ["model", "customers", "repeat_customers", "tuples", "data_hash", "status", "message", "group_name", "origin", "stale_days"]
    rows = connection.execute(
        f"select {', '.join((*names, *PARAMETERS))} from model.clv_runs where run_id = ? and is_scoring_model order by model, group_name",
        [run_id],
    ).fetchall()
    return [
        ModelRun(
            **dict(zip(names, row, strict=False)),
            parameters={name: value for name, value in zip(PARAMETERS, row[len(names) :], strict=True) if value is not None},
        )
        for row in rows
    ]
