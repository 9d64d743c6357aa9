"""The CLV stage on the tables of the shop, step by step."""

from __future__ import annotations

import datetime as dt
import time
from functools import partial
from pathlib import Path
from typing import Any

from goodwill import clv
from goodwill.clv import scores_sql
from goodwill.clv.fitting import fit_purchases, fit_spend
from goodwill.clv.tuples import read_purchase_tuples, read_spend_tuples
from goodwill.settings.business import BusinessSettings, Clv

from bench.clv.timing import Timed, connected

__all__ = ["by_tuples", "fits", "scores_like_theirs", "stage"]

AS_OF, RUN = dt.date(2026, 6, 30), "bench"
NOBODY = 10**12
#: What lifetimes gives of a customer, and the two columns that the night counts its scores by.
LIKE_THEIRS = (
    "person_id, p_alive, expected_purchases_30, expected_purchases_90, expected_purchases_180, expected_purchases_365, expected_spend, "
    "clv_12, clv_24, clv_36, model_used, fallback_reason"
)


def _settings(with_intervals: bool) -> BusinessSettings:
    """The CLV stage alone: the holdout reads every purchase, which this bench does not make."""
    fewest = 30 if with_intervals else NOBODY
    return BusinessSettings(clv=Clv(models=("mbg_nbd", "bg_nbd"), minimum_interval_customers=fewest))


def stage(path: Path, with_intervals: bool, memory: str | None) -> dict[str, Any]:
    """Fit, score and write, as a night does."""
    timed, settings = Timed(), _settings(with_intervals)
    with connected(path, memory) as connection:
        timed.run("fit", lambda: clv.fit(connection, settings, RUN, AS_OF))
        timed.run("score and write", lambda: clv.score(connection, settings, RUN, AS_OF))
        tuples = len(read_purchase_tuples(connection).x)
    return timed.figures | {"tuples": tuples}


def scores_like_theirs(path: Path, memory: str | None) -> dict[str, Any]:
    """The night's own statement of the scores, of which only the columns that lifetimes gives too are made and written."""
    whole, table = scores_sql.scores, "create or replace table model.clv_scores as"

    def cut(rates: int, with_intervals: bool) -> str:
        return f"{table} select {LIKE_THEIRS} from ({whole(rates, with_intervals).strip().removeprefix(table)})"

    scores_sql.scores = cut
    try:
        return stage(path, False, memory)
    finally:
        scores_sql.scores = whole


def fits(path: Path) -> dict[str, Any]:
    """Each model on its own, by maximum likelihood, from a cold start: what lifetimes is held against."""
    timed, parameters = Timed(), {}
    with connected(path) as connection:
        purchases, spend = read_purchase_tuples(connection), read_spend_tuples(connection)
    for name in ("bg_nbd", "mbg_nbd"):
        parameters[name] = timed.run(name, partial(fit_purchases, name, purchases, 30, use_prior=False)).parameters
    parameters["gamma_gamma"] = timed.run("gamma_gamma", lambda: fit_spend(spend, 30, use_prior=False)).parameters
    timed.run("pareto_nbd", lambda: fit_purchases("pareto_nbd", purchases, 30))
    return timed.figures | {"parameters": {name: list(found.values()) for name, found in parameters.items()}}


def by_tuples(path: Path) -> list[tuple[int, float]]:
    """Tuples and CPU seconds of a fit, on shares of the tuples: the cost follows their number, not that of the customers."""
    with connected(path) as connection:
        whole = read_purchase_tuples(connection)
    found = []
    for parts in (8, 4, 2, 1):
        part = whole.sample(len(whole.x) // parts)
        began = time.process_time()
        for _ in range(3):
            fit_purchases("mbg_nbd", part, 30)
        found.append((len(part.x), round((time.process_time() - began) / 3, 3)))
    return found
