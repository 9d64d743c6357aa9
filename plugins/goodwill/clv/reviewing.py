"""The review: every model judged on what readers see, apart from a night, and the choice that the coming nights follow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from goodwill.clv.choosing import Gate, judge
from goodwill.clv.contract_deciding import review_contracts
from goodwill.clv.judging import Night, chosen, judged, models_of
from goodwill.clv.ledger import Ledger, Line
from goodwill.settings.business import BusinessSettings

__all__ = ["Review", "review"]


@dataclass(frozen=True)
class Review:
    """What a review found: the new line of the holdout, the gate, the model that scores from then on, and why.

    Of contracts: the line of their holdout, None without any, and the gate of each plan.
    """

    holdout: Line
    gate: Gate
    model: str
    choice: str
    contract_holdout: Line | None
    contract_gates: dict[str, Gate]


def review(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, review_id: str, as_of: dt.date, ledger: Ledger) -> Review:
    """Judge every model as of the published day; what is settled is added to the ledger, for the caller to write.

    Parameters
    ----------
    connection : an accepted warehouse, which is only read.
    ledger : with the lines up to `as_of`, those of that day included.
    """
    night = Night(connection, settings, review_id, as_of, ledger)
    accepted = {model: night.accepted(model) for model in models_of(night)}
    line = judged(night, {model: found["parameters"] for model, found in accepted.items() if found})
    model, choice = chosen(night, line)
    gate = judge(line["results"], model, settings.clv.gate_ratio) if line["results"] else Gate("not judged", line["message"])
    line["gate"] = gate.verdict
    gates, held = review_contracts(night)
    return Review(line, gate, model, choice, held, gates)
