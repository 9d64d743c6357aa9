"""The first day below a limit is the first one: held against P(alive) day by day, for both models that are asked."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from goodwill import clv
from goodwill.clv.outlooks import ModelName, outlook_of
from goodwill.clv.silence import first_day_below
from goodwill.clv.tuples import PurchaseTuples
from goodwill.settings.business import BusinessSettings

from tests.unit.clv import histories

PARAMETERS = {
    "mbg_nbd": {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140},
    "pareto_nbd": {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687},
}


def tuples(*histories_: tuple[int, int, int]) -> PurchaseTuples:
    x, t_x, age = (np.array(column, dtype=np.int64) for column in zip(*histories_, strict=True))
    return PurchaseTuples(x, t_x, age, np.ones_like(x))


@pytest.mark.parametrize("model", ["mbg_nbd", "pareto_nbd"])
@pytest.mark.parametrize("limit", [0.2, 0.5])
def test_the_first_day_is_the_first(model: ModelName, limit: float) -> None:
    outlook = outlook_of(model, PARAMETERS[model])
    for x, t_x in ((0, 0), (1, 3), (4, 90), (20, 200)):
        days = np.arange(t_x, 3000)
        alive = outlook.p_alive(tuples(*((x, t_x, int(day)) for day in days)))
        below = days[alive < limit]
        wanted = [int(below[0]) if len(below) and below[0] <= day else -1 for day in days]
        assert first_day_below(outlook, tuples(*((x, t_x, int(day)) for day in days)), limit).tolist() == wanted
        assert len(below), "no history of this test stays above the limit for ever"


def test_silences_of_cdnow() -> None:
    """Everybody below the limit has a day, nobody else; whoever bought in the last weeks has no probability of before."""
    connection = histories.cdnow_sample()
    as_of = dt.date(1997, 9, 30)
    clv.fit(connection, BusinessSettings(), histories.RUN, as_of)
    clv.score(connection, BusinessSettings(), histories.RUN, as_of)
    clv.write_silences(connection, histories.RUN, 0.5, 28)
    counts = connection.execute(
        """
        select
            count(*),
            count(*) filter (where (scores.p_alive < 0.5) <> (silences.below_age_days is not null)),
            count(*) filter (where silences.below_age_days not between scores.t_x_days and scores.age_days),
            count(*) filter (where (silences.p_alive_before is not null) <> (scores.age_days - scores.t_x_days >= 28)),
            count(*) filter (where silences.p_alive_before < scores.p_alive)
        from model.clv_silences as silences
        inner join model.clv_scores as scores using (person_id)
        """
    ).fetchall()
    assert counts == [(2357, 0, 0, 0, 0)]


def test_nobody_is_silent_where_no_model_scores() -> None:
    connection = histories.warehouse_of([("one", dt.date(2024, 1, 1), 10.0)])
    clv.fit(connection, BusinessSettings(), histories.RUN, histories.AS_OF)
    clv.score(connection, BusinessSettings(), histories.RUN, histories.AS_OF)
    clv.write_silences(connection, histories.RUN, 0.5, 28)
    assert connection.execute("select count(*) from model.clv_silences").fetchall() == [(0,)]
