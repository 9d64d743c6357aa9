"""The holdout: stand some weeks back, fit what was known then, and hold the forecast of those weeks against what happened in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from goodwill.clv.fitting import fit_purchases
from goodwill.clv.measuring import deciles, measure
from goodwill.clv.outlooks import ModelName, Outlook, outlook_of
from goodwill.clv.seasons import season
from goodwill.clv.tuples import DAYS_PER_WEEK, MORE_THAN_ANYBODY, PAYERS, POSSIBLE, PurchaseTuples, integer_columns

__all__ = ["Holdout", "forecast", "is_telling", "measure_models", "read_holdout"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Purchases in the weeks held out, real or forecast, and customers known at the cut, below which nothing is judged.
FEWEST_PURCHASES, FEWEST_CUSTOMERS = 50, 50

_PEOPLE = """
create or replace temp table holdout_people as
select
    person_id,
    count(*) filter (where purchased_on <= $cut) - 1 as x,
    cast(max(purchased_on) filter (where purchased_on <= $cut) - min(purchased_on) as bigint) as t_x_days,
    cast($cut - min(purchased_on) as bigint) as age_days,
    count(*) filter (where purchased_on > $cut and purchased_on <= $until) as actual,
    count(*) filter (where purchased_on > $before and purchased_on <= $cut) as previous
from intermediate.int_purchase_days
anti join {payers} as payers using (person_id)
where not is_guest {group}
group by person_id
having min(purchased_on) <= $cut
"""

_ROWS = f"""
select x, t_x_days, age_days, actual, previous, count(*) as customers
from holdout_people
where {POSSIBLE}
group by x, t_x_days, age_days, actual, previous
order by x, t_x_days, age_days, actual, previous
"""

_WEEKS = """
select cast(floor((days.purchased_on - $cut - 1) / 7.0) as bigint) as week, count(*) as purchases
from intermediate.int_purchase_days as days
inner join holdout_people as people on days.person_id = people.person_id
where days.purchased_on > $cut and days.purchased_on <= $until and people.x < $from_x
group by week
order by week
"""


@dataclass(frozen=True)
class Holdout:
    """What was known at the end of `cut`, and what the `weeks` after it brought.

    `tuples` are the histories at the cut. Each row stands for `customers` equal ones: the tuple at `place`, their `actual` purchases in the
    weeks after and their `previous` ones in as many weeks before. `by_week` are the actual purchases of all of them. Who had `from_x` repeat
    purchase days or more at the cut is not among them. `season` is that of the weeks, where a year before is known.
    """

    cut: dt.date
    weeks: int
    tuples: PurchaseTuples
    place: Integers
    actual: Integers
    previous: Integers
    customers: Integers
    by_week: Integers
    from_x: int | None = None
    season: float | None = None


_OF_GROUP = "and person_id in (select person_id from intermediate.int_clv_customers where model_group = $model_group)"


def read_holdout(
    connection: duckdb.DuckDBPyConnection,
    as_of: dt.date,
    weeks: int,
    origin: int = 0,
    group: str | None = None,
    dominance: Callable[[PurchaseTuples], int | None] = lambda _: None,
) -> Holdout | str:
    """Stand `weeks` back, and again as often as `origin` says; or the reason why there is nothing to judge.

    Parameters
    ----------
    group : these customers only, however few they are.
    dominance : the repeat purchase days from which on customers are left out, of the histories at the cut.
    """
    until = as_of - dt.timedelta(weeks=weeks * origin)
    cut = until - dt.timedelta(weeks=weeks)
    days = {"cut": cut, "until": until}
    before: dict[str, object] = {"before": cut - dt.timedelta(weeks=weeks)}
    if group is None:
        connection.execute(_PEOPLE.format(payers=PAYERS, group=""), days | before)
    else:
        connection.execute(_PEOPLE.format(payers=PAYERS, group=_OF_GROUP), days | before | {"model_group": group})
    try:
        rows = integer_columns(connection, _ROWS)
        tuples, place = _histories(rows[0], rows[1], rows[2], rows[5])
        from_x = dominance(tuples)
        tuples = tuples.below(from_x)
        x, _, age, actual, previous, customers = (column[place < len(tuples.x)] for column in rows)
        wanted = days | {"from_x": MORE_THAN_ANYBODY if from_x is None else from_x}
        week, purchases = (np.ma.filled(column, 0).astype(np.int64) for column in connection.execute(_WEEKS, wanted).fetchnumpy().values())
    finally:
        connection.execute("drop table holdout_people")
    if not len(x) or (group is None and customers.sum() < FEWEST_CUSTOMERS):
        return f"{int(customers.sum())} customers known at the end of {cut}: at least {FEWEST_CUSTOMERS} are needed"
    if group is None and int(age.max()) < 7 * weeks:
        return f"the history before {cut} is shorter than the {weeks} weeks held out"
    by_week = np.bincount(week, purchases, weeks).astype(np.int64)
    of_weeks = season(connection, cut, weeks) if group is None else None
    return Holdout(cut, weeks, tuples, place[: len(x)], actual, previous, customers, by_week, from_x, of_weeks)


def _histories(x: Integers, t_x: Integers, age: Integers, customers: Integers) -> tuple[PurchaseTuples, Integers]:
    """The distinct histories of ordered rows, and the place of each row among them."""
    starts = np.flatnonzero(np.diff(x, prepend=-1) | np.diff(t_x, prepend=-1) | np.diff(age, prepend=-1))
    place = np.cumsum(np.isin(np.arange(len(x)), starts)) - 1
    return PurchaseTuples.of(x[starts], t_x[starts], age[starts], np.bincount(place, customers).astype(np.int64)), place


def forecast(outlook: Outlook, tuples: PurchaseTuples, weeks: int) -> Floats:
    """Expected purchases by tuple (rows) up to the end of each week ahead (columns)."""
    result = np.empty((len(tuples.x), weeks))
    edges = np.flatnonzero(np.diff(tuples.x, prepend=-1, append=-1))
    ahead = np.arange(1.0, weeks + 1)
    for begin, end in pairwise(edges):
        ages, rows = np.unique(tuples.age_days[begin:end], return_inverse=True)
        result[begin:end] = outlook.expected_if_alive(int(tuples.x[begin]), ages / DAYS_PER_WEEK, ahead)[rows]
    return np.asarray(result * outlook.p_alive(tuples)[:, None])


def is_telling(results: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is enough in the weeks held out to judge by: so many purchases happened, or were forecast.

    Where hundreds were forecast and next to none happened, that is the judgement.
    """
    return any(max(result.get("predicted", 0), result.get("actual", 0)) >= FEWEST_PURCHASES for result in results)


def measure_models(
    holdout: Holdout, models: list[ModelName], minimum: int, use_prior: bool, begin: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Every model fitted at the cut and judged by the weeks after it, and the rule "same as last period" beside them.

    Parameters
    ----------
    begin : model → parameters to begin its fit with.

    Returns
    -------
    One dict a model, as the ledger keeps it: `model`, `cut_on`, `weeks`, the measures, `deciles` and `tracking`; a model that could not be
    fitted at the cut has `message` instead of measures. The naive rule is `model` "same_as_last_period".
    """
    weights = holdout.customers.astype(np.float64)
    actual = holdout.actual.astype(np.float64)
    common: dict[str, Any] = {"cut_on": holdout.cut.isoformat(), "weeks": holdout.weeks}
    if holdout.season is not None:
        common["season"] = holdout.season
    naive = holdout.previous.astype(np.float64)
    results: list[dict[str, Any]] = [{"model": "same_as_last_period", **common, **asdict(measure(naive, actual, weights))}]
    for model in models:
        run = fit_purchases(model, holdout.tuples, minimum, use_prior, begin.get(model))
        if run.status != "accepted":
            results.append({"model": model, **common, "message": run.message})
            continue
        expected = forecast(outlook_of(model, run.parameters), holdout.tuples, holdout.weeks)
        predicted = expected[:, -1][holdout.place]
        by_week = np.einsum("i,ij->j", holdout.tuples.customers, expected)
        results.append(
            {
                "model": model,
                **common,
                **asdict(measure(predicted, actual, weights)),
                "parameters": run.parameters,
                "deciles": [asdict(tenth) for tenth in deciles(predicted, actual, weights)],
                "tracking": [
                    {"week": week + 1, "predicted": round(float(total), 4), "actual": int(happened)}
                    for week, (total, happened) in enumerate(zip(by_week, np.cumsum(holdout.by_week), strict=True))
                ],
            }
        )
    return results
