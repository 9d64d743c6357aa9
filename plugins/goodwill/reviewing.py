"""The review of what readers see: every model held against what happened, the model chosen, the cut points and how far they moved.

It reads the accepted warehouse, changes nothing in it, and leaves a document (`audit/reviews/<review>.json`), a row of the audit ledger,
and the lines of the CLV ledger that the coming nights decide by.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goodwill import audit, clv, segments
from goodwill.audit.seals import seal_grown
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import digest, replace_text
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.warehouse import open_warehouse

__all__ = ["Reviewed", "review"]


@dataclass(frozen=True)
class Reviewed:
    """A review: `models` are the results of the holdouts, `contracts` those of the plans, `contract_gates` verdict and reason by plan,
    `moved` the share of customers whom the last review's cut points would score otherwise.
    """

    review_id: str
    as_of: dt.date
    run_id: str
    gate: str
    why: str
    model: str
    choice: str
    recorded: bool
    models: list[dict[str, Any]]
    contracts: list[dict[str, Any]]
    contract_gates: dict[str, tuple[str, str]]
    cut_points: segments.CutPoints
    moved: dict[str, float]


def review(home: Home, dry_run: bool = False) -> Reviewed:
    """Judge the models on the accepted warehouse, and put on record what that settles.

    A day is judged once: where a night or a review has judged it already, nothing is added for the nights to decide by.

    Raises
    ------
    GoodwillError : nothing is published yet; a night holds the warehouse.
    """
    if not dry_run:
        home.require_writable()
    if not home.accepted.exists():
        raise GoodwillError("nothing is published yet", f"run a night first: goodwill run --home {home.root}")
    lock = audit.Lock.of(home)
    lock.refuse_if_held()
    ledger = clv.Ledger.read_all(home)
    with open_warehouse(home.accepted, read_only=True) as connection:
        run_id, as_of = connection.execute("select run_id, as_of from control.night").fetchall()[0]
        review_id = f"review-{now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        found = clv.review(connection, load_business(home.business_file), review_id, as_of, ledger)
        cuts = segments.read_cuts(connection)
        moved = segments.moved_share(connection, _last_cuts(home))
    last = ledger.last("holdout")
    recorded = not dry_run and (last is None or dt.date.fromisoformat(last["as_of"]) < as_of)
    done = Reviewed(
        review_id=review_id,
        as_of=as_of,
        run_id=run_id,
        gate=found.gate.verdict,
        why=found.gate.message,
        model=found.model,
        choice=found.choice,
        recorded=recorded,
        models=found.holdout["results"],
        contracts=found.contract_holdout["results"] if found.contract_holdout else [],
        contract_gates={plan: (gate.verdict, gate.message) for plan, gate in found.contract_gates.items()},
        cut_points=cuts,
        moved=moved,
    )
    if not dry_run:
        _put_on_record(home, lock, done, ledger)
    return done


def _put_on_record(home: Home, lock: audit.Lock, done: Reviewed, ledger: clv.Ledger) -> None:
    """The document, its seal in the audit ledger, and the lines that the nights read: while no night runs, and on no other ledger than was read."""
    with lock.exclusively():
        lock.refuse_if_held()
        if clv.ledger_lines(home) != len(ledger.lines):
            raise GoodwillError("a night was published during the review", "review again: goodwill review")
        place = _documents(home) / f"{done.review_id}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_text(place, json.dumps(asdict(done), default=str, indent=1))
        facts = {name: getattr(done, name) for name in ("review_id", "run_id", "gate", "model", "recorded")}
        seals = {place.relative_to(home.root).as_posix(): digest(place)}
        audit.append(home, "review", facts | {"as_of": str(done.as_of), "seals": seals})
        if done.recorded:
            clv.append_lines(home, ledger.new)
            audit.append(home, "review", {"review_id": done.review_id, "decided": len(ledger.new), **seal_grown(home)})


def _documents(home: Home) -> Path:
    return home.audit / "reviews"


def _last_cuts(home: Home) -> segments.CutPoints:
    """The cut points of the review before; none without one."""
    documents = sorted(_documents(home).glob("review-*.json"))
    return json.loads(documents[-1].read_text(encoding="utf-8"))["cut_points"] if documents else {}
