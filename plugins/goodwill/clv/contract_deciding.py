"""Whose parameters value contracts tonight: every plan held against what happened, and where that failed, what was accepted last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from goodwill.clv.choosing import Gate, Result
from goodwill.clv.contract_fits import FEWEST_ENDED, fit_contracts, read_contracts
from goodwill.clv.contract_holdout import NAIVE_RENEWALS, measure_contracts
from goodwill.clv.holdout import FEWEST_CUSTOMERS
from goodwill.clv.judging import Night, is_due
from goodwill.clv.ledger import Line
from goodwill.clv.runs import ALL, CONTRACT_MODEL, ModelRun

__all__ = ["HOLDOUT", "decide_contracts", "judge_contracts", "review_contracts"]

#: The kind of the lines of the ledger that judge contracts.
HOLDOUT = "contract_holdout"
#: Standard deviations within which a forecast was right as far as chance lets anybody know.
CHANCE = 3.0
#: How alike contracts are taken to be where one chance to leave is that of all: a + b of the sBG.
_ALIKE = 1e4


def decide_contracts(night: Night, force_holdout: bool = False) -> tuple[list[ModelRun], Line | None]:
    """Fit, judge, and add to the ledger what was settled: the runs, those that score marked, and the holdout in force."""
    clv = night.settings.clv
    fits = fit_contracts(read_contracts(night.connection), clv.prior)
    line = night.ledger.last(HOLDOUT)
    if fits and (is_due(night, HOLDOUT) or (force_holdout and not night.is_backfill)):
        line = _held_out(night)
    gates = _gates(night, list(fits), line)
    return [run for plan, runs in fits.items() for run in _settled(night, plan, runs, gates[plan], line)], line


def review_contracts(night: Night) -> tuple[dict[str, Gate], Line | None]:
    """Judge every plan apart from a night: its gate, and the new line of the ledger; nothing where there are no contracts."""
    plans = list(fit_contracts(read_contracts(night.connection), night.settings.clv.prior))
    line = _held_out(night) if plans else None
    return _gates(night, plans, line), line


def _held_out(night: Night) -> Line:
    """All plans held against what happened: a new line of the ledger."""
    clv = night.settings.clv
    found = measure_contracts(night.connection, night.as_of, clv.holdout_weeks, clv.prior)
    results, message = ([], found) if isinstance(found, str) else (found, "")
    return night.ledger.add(HOLDOUT, night.run_id, night.as_of, results=results, message=message)


def _gates(night: Night, plans: Sequence[str], line: Line | None) -> dict[str, Gate]:
    """The gate of each plan; a line of tonight keeps the worst of them."""
    gates = {plan: judge_contracts(line, plan, night.settings.clv.gate_ratio) for plan in plans}
    if line and line["run_id"] == night.run_id:
        line["gate"] = "failed" if any(gate.verdict == "failed" for gate in gates.values()) else gates[ALL].verdict
    return gates


def judge_contracts(line: Line | None, plan: str, ratio: float) -> Gate:
    """The gate of a plan; where too little of it was due, that of all plans.

    It fails where the share of renewals that failed is further from the forecast than chance and the errors of the parameters explain, and
    either beyond the root of `ratio` or worse forecast than by the naive rule, both in all and by tenths of contracts. The root, because
    nearly all renewals are made: when churn doubles, a forecast of renewals is still nearly right.
    """
    if line is None or not line["results"]:
        return Gate("not judged", line["message"] if line else "no holdout yet")
    found = _judged_by(line["results"], plan)
    if found is None or not _is_telling(found):
        return Gate("not judged", f"too few contracts ended, or were due, in the {line['results'][0]['weeks']} weeks held out")
    group, naive = found["group_name"], _of(line["results"], NAIVE_RENEWALS, found["group_name"])
    expected, failed = (_failing(found, side) for side in ("predicted", "actual"))
    of = "all plans" if group == ALL else group
    said = (
        f"of the renewals of {of} due in the {found['weeks']} weeks after {found['cut_on']}, {expected:.1%} were expected to fail, "
        f"and {failed:.1%} did ({found['actual_ended']} contracts ended)"
    )
    missed = abs(found["predicted_ended"] - found["actual_ended"])
    if missed <= CHANCE * found["ended_error"]:
        return Gate("passed", said)
    limit = ratio**0.5
    if not 1 / limit <= failed / max(expected, 1e-12) <= limit:
        return Gate("failed", f"{said}; allowed is {1 / limit:.2f} to {limit:.2f} times the forecast")
    if naive and abs(naive["predicted_ended"] - naive["actual_ended"]) < missed and naive["decile_error"] < found["decile_error"]:
        return Gate("failed", f"{said}; 'same as last period' did better ({_failing(naive, 'predicted'):.1%})")
    return Gate("passed", said)


def _judged_by(results: Sequence[Result], plan: str) -> Result | None:
    """What is held against a plan: its own forecast, or where too little of it was due that of all plans."""
    found = _of(results, CONTRACT_MODEL, plan)
    return found if found is not None and _is_telling(found) else _of(results, CONTRACT_MODEL, ALL)


def _of(results: Sequence[Result], model: str, group: str) -> Result | None:
    return next((result for result in results if result["model"] == model and result["group_name"] == group), None)


def _is_telling(found: Result) -> bool:
    return bool(found["customers"] >= FEWEST_CUSTOMERS and max(found["predicted_ended"], found["actual_ended"]) >= FEWEST_ENDED)


def _failing(found: Result, side: str) -> float:
    """Share of the renewals due that were not made."""
    ended, made = float(found[f"{side}_ended"]), float(found[side])
    return ended / max(ended + made, 1e-12)


def _settled(night: Night, plan: str, runs: list[ModelRun], gate: Gate, held: Line | None) -> list[ModelRun]:
    """The runs of a plan, and what scores in their place where tonight's are not used."""
    first = replace(runs[0], gate=gate.verdict, gate_message=gate.message)
    if plan == ALL:
        return [first]
    runs = [first, *runs[1:]]
    failed, fitted = gate.verdict == "failed", first.status == "accepted"
    line = night.ledger.last("accepted", model=CONTRACT_MODEL, group=plan)
    usable = line is not None and night.age_of(line) <= night.settings.clv.stale_days_limit
    if line and usable and (failed or not fitted or night.is_backfill):
        return [replace(run, is_scoring_model=False) for run in runs] + _restored(night, runs, line, failed)
    if failed and held:
        return [replace(run, is_scoring_model=False) for run in runs] + [_observed(night, first, held)]
    if fitted and not night.is_backfill:
        _accept(night, plan, runs)
    return [replace(run, parameters_run_id=night.run_id if run.is_scoring_model else None, parameters_as_of=night.as_of) for run in runs]


def _accept(night: Night, plan: str, runs: list[ModelRun]) -> None:
    """A line for a plan: its parameters, and those of its years where they score, by name of the run.

    Those of the plan hold for contracts of a year that is not known yet.
    """
    night.ledger.add(
        "accepted",
        night.run_id,
        night.as_of,
        model=CONTRACT_MODEL,
        group=plan,
        fits={
            run.group_name: {"parameters": run.parameters, "covariance": run.covariance, "data_hash": run.data_hash}
            for number, run in enumerate(runs)
            if number == 0 or run.is_scoring_model
        },
        gate=runs[0].gate,
    )


def _restored(night: Night, runs: list[ModelRun], line: Line, failed: bool) -> list[ModelRun]:
    """The parameters accepted last as runs of tonight's that score, with their age in days."""
    first, days = runs[0], night.age_of(line)
    if failed:
        why = f"the holdout failed: {first.gate_message}"
    elif first.status == "accepted":
        why = "an earlier day is scored by what was accepted then"
    else:
        why = f"tonight's fit is not used: {first.message}"
    return [
        ModelRun(
            CONTRACT_MODEL,
            first.customers,
            first.repeat_customers,
            first.tuples,
            fit["data_hash"],
            "accepted",
            f"parameters accepted for {line['as_of']}, {days} days old; {why}",
            group_name=name,
            origin="restored",
            time_unit="period",
            parameters=dict(fit["parameters"]),
            covariance=fit["covariance"],
            with_prior=night.settings.clv.prior,
            converged=True,
            is_scoring_model=True,
            gate=first.gate,
            gate_message=first.gate_message,
            parameters_run_id=line["run_id"],
            parameters_as_of=dt.date.fromisoformat(line["as_of"]),
            stale_days=days,
        )
        for name, fit in line["fits"].items()
    ]


def _observed(night: Night, fit: ModelRun, held: Line) -> ModelRun:
    """The renewals of the weeks held out as the forecast, where neither tonight's fit nor an earlier one is to be used: of every renewal due
    the share that failed there fails from now on (with half a failure more in one renewal more, so that it is never none).
    """
    found = _judged_by(held["results"], fit.group_name) or {}
    failed = (found["actual_ended"] + 0.5) / (found["actual_ended"] + found["actual"] + 1)
    return ModelRun(
        CONTRACT_MODEL,
        fit.customers,
        fit.repeat_customers,
        fit.tuples,
        fit.data_hash,
        "accepted",
        f"as in the {found['weeks']} weeks after {found['cut_on']}, {failed:.1%} of the renewals are expected to fail, since there are no earlier "
        f"parameters; the holdout failed: {fit.gate_message}",
        group_name=fit.group_name,
        origin="observed",
        time_unit="period",
        parameters={"a": _ALIKE * failed, "b": _ALIKE * (1 - failed)},
        converged=True,
        is_scoring_model=True,
        gate=fit.gate,
        gate_message=fit.gate_message,
        parameters_run_id=night.run_id,
        parameters_as_of=night.as_of,
    )
