"""The decisions of a night: fit every model, hold it against what happened, and settle whose parameters score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import cast

import duckdb

from goodwill.clv.choosing import CANDIDATES, Gate, judge, loss
from goodwill.clv.crosscheck import difference_to_lifetimes
from goodwill.clv.drift import histogram, parameter_shift, stability_index
from goodwill.clv.fitting import fit_purchases, fit_spend, purchase_likelihood
from goodwill.clv.groups import BY_GROUP, fit_groups
from goodwill.clv.independence import spend_dependence
from goodwill.clv.judging import Night, chosen, group_names, is_due, judged, models_of
from goodwill.clv.ledger import Ledger, Line
from goodwill.clv.left_out import LeftOut
from goodwill.clv.models.gamma_gamma import GammaGamma
from goodwill.clv.models.pareto import Pareto
from goodwill.clv.outlooks import ModelName
from goodwill.clv.runs import SPEND_MODEL, ModelRun
from goodwill.clv.tuples import PurchaseTuples, SpendTuples, read_purchase_tuples
from goodwill.settings.business import BusinessSettings
from goodwill.sql import literal

__all__ = ["Decision", "decide"]

#: Guard of the cross-check: parameters of two programs on the same sample.
CROSSCHECK_LIMIT = 1e-5


@dataclass(frozen=True)
class Decision:
    """What the night settled: the runs, those that score marked; the holdout in force; the gate."""

    runs: list[ModelRun]
    holdout: Line | None
    gate: Gate
    choice: str


def decide(
    connection: duckdb.DuckDBPyConnection,
    settings: BusinessSettings,
    run_id: str,
    as_of: dt.date,
    ledger: Ledger,
    purchases: PurchaseTuples,
    spend: SpendTuples,
    left: LeftOut,
    force_holdout: bool = False,
) -> Decision:
    """Fit, judge, choose, and add to the ledger what was settled.

    Parameters
    ----------
    purchases, spend : those that take part in the fits.
    left : those that do not.
    force_holdout : judge tonight, whenever the last holdout was.
    """
    night = Night(connection, settings, run_id, as_of, ledger)
    models = models_of(night)
    runs: dict[str, ModelRun] = {model: _fitted(night, model, purchases) for model in models}
    runs[SPEND_MODEL] = _fitted_spend(night, spend)
    line = night.ledger.last("holdout")
    if is_due(night) or (force_holdout and not night.is_backfill):
        line = judged(night, {model: run.parameters for model, run in runs.items()})
    scoring, choice = chosen(night, line)
    scoring, choice = _fit_to_score(night, runs, scoring, choice)
    gate = judge(line["results"] if line else [], scoring, settings.clv.gate_ratio)
    if line and not line["results"]:
        gate = Gate("not judged", line["message"])
    if line and line["run_id"] == run_id:
        line["gate"] = gate.verdict
    runs = {model: _compared(night, run, purchases, spend) for model, run in runs.items()}
    final = _settled(night, runs, scoring, gate)
    for run in final:
        if run.is_scoring_model or run.status == "accepted":
            _accept(night, run, gate, purchases, spend)
    return Decision([_told(run, left) for run in _grouped(night, final, line, left)], line, gate, choice)


def _fitted(night: Night, model: ModelName, tuples: PurchaseTuples) -> ModelRun:
    line = night.accepted(model)
    run = fit_purchases(
        model, tuples, night.settings.clv.minimum_repeat_customers, night.settings.clv.prior, line["parameters"] if line else None
    )
    if run.status == "accepted":
        likelihood = purchase_likelihood(model, tuples)
        if not isinstance(likelihood, Pareto):
            run = replace(run, crosscheck_difference=difference_to_lifetimes(likelihood))
    return replace(run, warm_start_run_id=line["run_id"] if line else None)


def _fitted_spend(night: Night, tuples: SpendTuples) -> ModelRun:
    line = night.accepted(SPEND_MODEL)
    clv, begin = night.settings.clv, line["parameters"] if line else None
    dependence = spend_dependence(night.connection)
    run = fit_spend(tuples, clv.minimum_repeat_customers, clv.prior, begin, dependence, clv.spend_correlation_limit)
    if run.status == "accepted":
        run = replace(run, crosscheck_difference=difference_to_lifetimes(GammaGamma(tuples)))
    return replace(run, warm_start_run_id=line["run_id"] if line else None)


def _told(run: ModelRun, left: LeftOut) -> ModelRun:
    """The run with who was left out of it."""
    tells = run.origin == "fitted" and run.status == "accepted"  # what else a run says stands in every score that it does not make
    said = "; ".join(each for each in (run.message, str(left)) if each) if tells else run.message
    return replace(run, message=said, left_out_customers=left.dominant, left_out_from_x=left.from_x, impossible_histories=left.impossible)


def _grouped(night: Night, final: list[ModelRun], line: Line | None, left: LeftOut) -> list[ModelRun]:
    """The runs with those of the groups, where groups are set, everybody is scored by tonight's fit, and the holdout says groups are better."""
    run = next((each for each in final if each.is_scoring_model and each.model != SPEND_MODEL), None)
    names = group_names(night)
    if not names or run is None or run.origin != "fitted" or line is None:
        return final
    losses = {name: loss(line["results"], name) for name in (run.model, run.model + BY_GROUP)}
    alone, apart = losses[run.model], losses[run.model + BY_GROUP]
    if alone is None or apart is None or apart >= alone:
        return final
    tuples = {
        name: read_purchase_tuples(night.connection, f"(from intermediate.int_rfm_tuples where model_group = {literal(name)})").below(
            left.from_x
        )
        for name in names
    }
    said = f"groups forecast better in the holdout ({apart:.3f} against {alone:.3f})"
    return final + [
        replace(
            each, is_scoring_model=True, parameters_run_id=night.run_id, parameters_as_of=night.as_of, message=f"{each.message}; {said}"
        )
        for each in fit_groups(cast(ModelName, run.model), tuples, run)
    ]


def _fit_to_score(night: Night, runs: dict[str, ModelRun], scoring: ModelName, choice: str) -> tuple[ModelName, str]:
    """The chosen model, unless the choice is free and it has no parameters at all tonight, while another one has."""
    line = night.accepted(scoring)
    has_parameters = (scoring in runs and runs[scoring].status == "accepted") or (
        line is not None and night.age_of(line) <= night.settings.clv.stale_days_limit
    )
    others = [model for model in CANDIDATES if model in runs and runs[model].status == "accepted"]
    if has_parameters or night.settings.clv.scoring_model != "auto" or not others:
        return scoring, choice
    return others[0], f"{others[0]} stands in for {scoring}, which has no parameters tonight"


def _compared(night: Night, run: ModelRun, purchases: PurchaseTuples, spend: SpendTuples) -> ModelRun:
    """The run with how far it, and its data, are from the last accepted night."""
    line = night.accepted(run.model)
    if line is None:
        return run
    shapes = line.get("shapes", {})
    if run.model == SPEND_MODEL:
        run = replace(run, psi_spend=stability_index(shapes.get("spend"), spend.cents, spend.customers))
    else:
        run = replace(
            run,
            psi_x=stability_index(shapes.get("x"), purchases.x, purchases.customers),
            psi_age=stability_index(shapes.get("age"), purchases.age_days, purchases.customers),
        )
    return replace(run, parameter_shift=parameter_shift(line["parameters"], run.parameters) if run.parameters else None)


def _settled(night: Night, runs: dict[str, ModelRun], scoring: ModelName, gate: Gate) -> list[ModelRun]:
    """The runs of tonight with those that score marked, and the restored ones added: tonight's fit, else the last accepted one."""
    final: list[ModelRun] = []
    for model, run in runs.items():
        judged = replace(run, gate=gate.verdict, gate_message=gate.message) if model == scoring else run
        wanted = model in (scoring, SPEND_MODEL)
        failed = model == scoring and gate.verdict == "failed"
        line = night.accepted(model)
        usable = line is not None and night.age_of(line) <= night.settings.clv.stale_days_limit
        if wanted and usable and line and (failed or run.status != "accepted" or night.is_backfill):
            final += [judged, _restored(night, judged, line, failed)]
            continue
        takes = wanted and run.status == "accepted" and not failed
        final.append(
            replace(judged, is_scoring_model=takes, parameters_run_id=night.run_id if takes else None, parameters_as_of=night.as_of)
        )
    return final


def _restored(night: Night, run: ModelRun, line: Line, failed: bool) -> ModelRun:
    """The last accepted parameters as a run of tonight's that scores, with its age in days."""
    days = night.age_of(line)
    why = (
        f"the holdout failed: {run.gate_message}"
        if failed
        else "an earlier day is scored by what was accepted then"
        if night.is_backfill and run.status == "accepted"
        else f"tonight's fit is not used: {run.message}"
    )
    return replace(
        run,
        origin="restored",
        status="accepted",
        message=f"parameters accepted for {line['as_of']}, {days} days old; {why}",
        parameters=dict(line["parameters"]),
        covariance=line["covariance"],
        log_likelihood=None,
        converged=True,
        slope=None,
        evaluations=None,
        is_scoring_model=True,
        parameters_run_id=line["run_id"],
        parameters_as_of=dt.date.fromisoformat(line["as_of"]),
        stale_days=days,
        warm_start_run_id=None,
        crosscheck_difference=None,
    )


def _accept(night: Night, run: ModelRun, gate: Gate, purchases: PurchaseTuples, spend: SpendTuples) -> None:
    """A line for parameters that were fitted tonight and may score: a restored run, and a fit that the gate stopped, leave none."""
    if run.origin == "restored" or run.status != "accepted" or night.is_backfill or run.gate == "failed":
        return
    shapes = (
        {"spend": histogram(spend.cents, spend.customers)}
        if run.model == SPEND_MODEL
        else {"x": histogram(purchases.x, purchases.customers), "age": histogram(purchases.age_days, purchases.customers)}
    )
    night.ledger.add(
        "accepted",
        night.run_id,
        night.as_of,
        model=run.model,
        group=run.group_name,
        parameters=run.parameters,
        covariance=run.covariance,
        data_hash=run.data_hash,
        gate=gate.verdict,
        shapes=shapes,
    )
