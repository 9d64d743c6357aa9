"""Judging: how every model would have forecast the last weeks, and which of them scores from then on. By the night, or by a review."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb

from goodwill.clv.choosing import choose
from goodwill.clv.groups import measure_groups
from goodwill.clv.holdout import Holdout, is_telling, measure_models, read_holdout
from goodwill.clv.ledger import Ledger, Line
from goodwill.clv.left_out import dominant_from
from goodwill.clv.outlooks import ModelName
from goodwill.clv.runs import ALL, ModelRun
from goodwill.clv.tuples import BUYERS, PurchaseTuples
from goodwill.settings.business import BusinessSettings

__all__ = ["Night", "chosen", "group_names", "is_due", "judged", "models_of"]


@dataclass(frozen=True)
class Night:
    """What a decision is taken on: the warehouse, the settings, the day, and what was decided before."""

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


def models_of(night: Night) -> list[ModelName]:
    """The models of the night, each once: those of the settings, and the one that scores."""
    named: tuple[ModelName, ...] = night.settings.clv.models
    wanted = night.settings.clv.scoring_model
    return list(dict.fromkeys(("mbg_nbd" if wanted == "auto" else wanted, *named)))


def is_due(night: Night, kind: str = "holdout") -> bool:
    """Whether the night has to judge: never judged, failed, or some days ago; where a review does it apart, once that is a turn late.

    Parameters
    ----------
    kind : of the lines of the ledger that say so; contracts have their own.
    """
    last, clv = night.ledger.last(kind), night.settings.clv
    turns = 2 if clv.review == "apart" else 1
    return not night.is_backfill and (last is None or night.age_of(last) >= turns * clv.holdout_every_days or last.get("gate") == "failed")


def judged(night: Night, begin: Mapping[str, Mapping[str, float]]) -> Line:
    """Every model held against what happened since the cuts: a new line of the ledger.

    Parameters
    ----------
    begin : model → parameters to begin its fits with.
    """
    models, clv = models_of(night), night.settings.clv
    results: list[dict[str, Any]] = []
    message = ""
    for origin in range(clv.holdout_origins):
        held = read_holdout(night.connection, night.as_of, clv.holdout_weeks, origin, dominance=partial(_dominant_from, night))
        if isinstance(held, str):
            message = message or held
            break
        found = measure_models(held, models, clv.minimum_repeat_customers, clv.prior, begin)
        if not is_telling(found):
            message = (
                message or f"too few purchases in the {held.weeks} weeks after {held.cut}: {found[0]['actual']}, and no more were forecast"
            )
            break
        results += found
        results += _groups_measured(night, models, results, origin, held.from_x)
    return night.ledger.add("holdout", night.run_id, night.as_of, results=results, message=message)


def _dominant_from(night: Night, tuples: PurchaseTuples) -> int | None:
    return dominant_from(tuples, night.settings.clv.dominance_share)


def group_names(night: Night) -> list[str]:
    """Names of the groups of the setting; none without it."""
    if night.settings.clv.groups == "none":
        return []
    return [
        row[0]
        for row in night.connection.execute(
            f"select distinct model_group from intermediate.int_rfm_tuples where {BUYERS} order by 1"
        ).fetchall()
    ]


def _groups_measured(
    night: Night, models: list[ModelName], results: list[dict[str, Any]], origin: int, from_x: int | None
) -> list[dict[str, Any]]:
    """Whether groups would have forecast better at a cut, of the same customers: one result a model."""
    weeks = night.settings.clv.holdout_weeks
    held = {name: read_holdout(night.connection, night.as_of, weeks, origin, name, lambda _: from_x) for name in group_names(night)}
    groups = {name: each for name, each in held.items() if isinstance(each, Holdout)}
    found = []
    for model in models if groups else []:
        cut = next(iter(groups.values())).cut.isoformat()
        alone = next((each for each in results if each["model"] == model and each["cut_on"] == cut and "parameters" in each), None)
        if alone:
            everybody = ModelRun(model, 0, 0, 0, "", "accepted", "", parameters=alone["parameters"])
            found.append(measure_groups(model, everybody, groups))
    return [each for each in found if each]


def chosen(night: Night, line: Line | None) -> tuple[ModelName, str]:
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
