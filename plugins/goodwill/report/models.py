"""The models of the night: what was fitted, and how it went. From `model.clv_runs`."""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.report.reading import Warehouse

__all__ = ["ModelRun", "read_models"]

PARAMETERS = ("r", "alpha", "a", "b", "s", "beta", "p", "q", "v")


@dataclass(frozen=True)
class ModelRun:
    """One fitted model: its parameters, their standard errors where known, how the fit went, and where the parameters come
    from (`origin`: fitted, restored, observed); `time_unit` is the unit of `alpha`."""

    model: str
    scoring: bool
    parameters: dict[str, float]
    errors: dict[str, float]
    time_unit: str | None
    customers: int | None
    repeat_customers: int | None
    tuples: int | None
    log_likelihood: float | None
    converged: bool | None
    data_hash: str | None
    seconds: float | None
    status: str | None
    message: str | None
    group: str | None = None
    origin: str = "fitted"


def read_models(warehouse: Warehouse, run_id: str) -> tuple[ModelRun, ...]:
    """The models of this night: those of timing first, the one in use before the others, then the model of spend."""
    table = warehouse.first("model.clv_runs", "marts.clv_model_runs")
    if table is None:
        return ()
    rows = warehouse.rows(
        f"select * from {table} where run_id = ? order by model = 'shifted_beta_geometric', model = 'gamma_gamma', is_scoring_model desc, model",
        [run_id],
    )
    return tuple(
        ModelRun(
            model=row["model"],
            scoring=bool(row["is_scoring_model"]),
            parameters={name: float(row[name]) for name in PARAMETERS if row.get(name) is not None},
            errors={name: float(row[f"{name}_standard_error"]) for name in PARAMETERS if row.get(f"{name}_standard_error") is not None},
            time_unit=row.get("time_unit"),
            customers=row.get("customers"),
            repeat_customers=row.get("repeat_customers"),
            tuples=row.get("tuples"),
            log_likelihood=row.get("log_likelihood"),
            converged=row.get("converged"),
            data_hash=row.get("data_hash"),
            seconds=row.get("fitted_seconds"),
            status=row.get("status"),
            message=row.get("message"),
            group=None if row.get("group_name") in (None, "all") else row.get("group_name"),
            origin=row.get("origin") or "fitted",
        )
        for row in rows
    )
