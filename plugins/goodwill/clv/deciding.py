"""The decisions of a night: fit every model, hold it against what happened, and settle whose parameters score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, cast

import duckdb

from goodwill.clv.choosing import CANDIDATES, Gate, choose, judge, loss
from goodwill.clv.crosscheck import difference_to_lifetimes
from goodwill.clv.drift import histogram, parameter_shift, stability_index
from goodwill.clv.fitting import fit_purchases, fit_spend, purchase_likelihood
from goodwill.clv.groups import BY_GROUP, fit_groups, measure_groups
from goodwill.clv.holdout import Holdout, measure_models, read_holdout
from goodwill.clv.independence import spend_dependence
from goodwill.clv.ledger import Ledger, Line
from goodwill.clv.models.gamma_gamma import GammaGamma
from goodwill.clv.models.pareto import Pareto
from goodwill.clv.outlooks import ModelName
from goodwill.clv.runs import ALL, SPEND_MODEL, ModelRun
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


@dataclass(frozen=True)
class _Night:
    connection: duckdb.DuckDBPyConnection
    settings: BusinessSettings
    run_id: str
    as_of: dt.date
    ledger: Ledger

    @property
    def is_backfill(self) -> bool:
        return self.ledger.newest is not None and self.as_of < self.ledger.newest

    def accepted(self, model: str) -> Line | None:
        return self.ledger.last("accepted", model=model, group=ALL)

    def age_of(self, line: Line) -> int:
        return (self.as_of - dt.date.fromisoformat(line["as_of"])).days


def decide(
    connection: duckdb.DuckDBPyConnection,
    settings: BusinessSettings,
    run_id: str,
    as_of: dt.date,
    ledger: Ledger,
    purchases: PurchaseTuples,
    spend: SpendTuples,
    force_holdout: bool = False,
) -> Decision:
    """Fit, judge, choose, and add to the ledger what was settled.

    Parameters
    ----------
    force_holdout : judge tonight, whenever the last holdout was.
    """
    night = _Night(connection, settings, run_id, as_of, ledger)
    models = _models(night)
    runs: dict[str, ModelRun] = {model: _fitted(night, model, purchases) for model in models}
    runs[SPEND_MODEL] = _fitted_spend(night, spend)
    line = _holdout(night, models, runs, force_holdout)
    scoring, choice = _choice(night, line)
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
    return Decision(_grouped(night, final, line), line, gate, choice)


def _models(night: _Night) -> list[ModelName]:
    """The models of the night, each once: those of the settings, and the one that scores."""
    named: tuple[ModelName, ...] = night.settings.clv.models
    wanted = night.settings.clv.scoring_model
    return list(dict.fromkeys(("mbg_nbd" if wanted == "auto" else wanted, *named)))


def _fitted(night: _Night, model: ModelName, tuples: PurchaseTuples) -> ModelRun:
    line = night.accepted(model)
    run = fit_purchases(
        model, tuples, night.settings.clv.minimum_repeat_customers, night.settings.clv.prior, line["parameters"] if line else None
    )
    if run.status == "accepted":
        likelihood = purchase_likelihood(model, tuples)
        if not isinstance(likelihood, Pareto):
            run = replace(run, crosscheck_difference=difference_to_lifetimes(likelihood))
    return replace(run, warm_start_run_id=line["run_id"] if line else None)


def _fitted_spend(night: _Night, tuples: SpendTuples) -> ModelRun:
    line = night.accepted(SPEND_MODEL)
    clv, begin = night.settings.clv, line["parameters"] if line else None
    dependence = spend_dependence(night.connection)
    run = fit_spend(tuples, clv.minimum_repeat_customers, clv.prior, begin, dependence, clv.spend_correlation_limit)
    if run.status == "accepted":
        run = replace(run, crosscheck_difference=difference_to_lifetimes(GammaGamma(tuples)))
    return replace(run, warm_start_run_id=line["run_id"] if line else None)


def _holdout(night: _Night, models: list[ModelName], runs: dict[str, ModelRun], force: bool) -> Line | None:
    """Tonight's holdout if it is due (never judged, some days ago, failed, or asked for), else the last one."""
    last = night.ledger.last("holdout")
    clv = night.settings.clv
    due = last is None or night.age_of(last) >= clv.holdout_every_days or last.get("gate") == "failed"
    if not (due or force) or night.is_backfill:
        return last
    results: list[dict[str, Any]] = []
    message = ""
    begin = {model: run.parameters for model, run in runs.items()}
    for origin in range(clv.holdout_origins):
        held = read_holdout(night.connection, night.as_of, clv.holdout_weeks, origin)
        if isinstance(held, str):
            message = message or held
            break
        results += measure_models(held, models, clv.minimum_repeat_customers, clv.prior, begin)
        results += _groups_measured(night, models, results, origin)
    return night.ledger.add("holdout", night.run_id, night.as_of, results=results, message=message)


def _groups(night: _Night) -> list[str]:
    """Names of the groups of the setting; none without it."""
    if night.settings.clv.groups == "none":
        return []
    return [
        row[0] for row in night.connection.execute("select distinct model_group from intermediate.int_rfm_tuples order by 1").fetchall()
    ]


def _groups_measured(night: _Night, models: list[ModelName], results: list[dict[str, Any]], origin: int) -> list[dict[str, Any]]:
    """Whether groups would have forecast better at a cut: one result a model."""
    weeks = night.settings.clv.holdout_weeks
    held = {name: read_holdout(night.connection, night.as_of, weeks, origin, name) for name in _groups(night)}
    groups = {name: each for name, each in held.items() if isinstance(each, Holdout)}
    found = []
    for model in models if groups else []:
        cut = next(iter(groups.values())).cut.isoformat()
        alone = next((each for each in results if each["model"] == model and each["cut_on"] == cut and "parameters" in each), None)
        if alone:
            everybody = ModelRun(model, 0, 0, 0, "", "accepted", "", parameters=alone["parameters"])
            found.append(measure_groups(model, everybody, groups))
    return [each for each in found if each]


def _grouped(night: _Night, final: list[ModelRun], line: Line | None) -> list[ModelRun]:
    """The runs with those of the groups, where groups are set, everybody is scored by tonight's fit, and the holdout says groups are better."""
    run = next((each for each in final if each.is_scoring_model and each.model != SPEND_MODEL), None)
    names = _groups(night)
    if not names or run is None or run.origin != "fitted" or line is None:
        return final
    losses = {name: loss(line["results"], name) for name in (run.model, run.model + BY_GROUP)}
    alone, apart = losses[run.model], losses[run.model + BY_GROUP]
    if alone is None or apart is None or apart >= alone:
        return final
    tuples = {
        name: read_purchase_tuples(night.connection, f"(from intermediate.int_rfm_tuples where model_group = {literal(name)})")
        for name in names
    }
    said = f"groups forecast better in the holdout ({apart:.3f} against {alone:.3f})"
    return final + [
        replace(
            each, is_scoring_model=True, parameters_run_id=night.run_id, parameters_as_of=night.as_of, message=f"{each.message}; {said}"
        )
        for each in fit_groups(cast(ModelName, run.model), tuples, run)
    ]


def _choice(night: _Night, line: Line | None) -> tuple[ModelName, str]:
    """The model that scores tonight, and why."""
    wanted = night.settings.clv.scoring_model
    if wanted != "auto":
        return wanted, f"{wanted}, as the settings say"
    last = night.ledger.last("choice") or {"model": "mbg_nbd", "streak": {}, "why": "mbg_nbd: nothing is decided yet"}
    model: ModelName = last["model"]
    if line is None or line["run_id"] != night.run_id:
        return model, last["why"]
    chosen, streak, why = choose(line["results"], model, last["streak"])
    night.ledger.add("choice", night.run_id, night.as_of, model=chosen, streak=streak, why=why)
    return chosen, why


def _fit_to_score(night: _Night, runs: dict[str, ModelRun], scoring: ModelName, choice: str) -> tuple[ModelName, str]:
    """The chosen model, unless the choice is free and it has no parameters at all tonight, while another one has."""
    line = night.accepted(scoring)
    has_parameters = (scoring in runs and runs[scoring].status == "accepted") or (
        line is not None and night.age_of(line) <= night.settings.clv.stale_days_limit
    )
    others = [model for model in CANDIDATES if model in runs and runs[model].status == "accepted"]
    if has_parameters or night.settings.clv.scoring_model != "auto" or not others:
        return scoring, choice
    return others[0], f"{others[0]} stands in for {scoring}, which has no parameters tonight"


def _compared(night: _Night, run: ModelRun, purchases: PurchaseTuples, spend: SpendTuples) -> ModelRun:
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


def _settled(night: _Night, runs: dict[str, ModelRun], scoring: ModelName, gate: Gate) -> list[ModelRun]:
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


def _restored(night: _Night, run: ModelRun, line: Line, failed: bool) -> ModelRun:
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


def _accept(night: _Night, run: ModelRun, gate: Gate, purchases: PurchaseTuples, spend: SpendTuples) -> None:
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
