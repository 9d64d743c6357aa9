"""The same with lifetimes alone, as its users do it: a row a customer, and its own methods. It has no intervals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from bench.clv.timing import Timed, connected

__all__ = ["lifetimes"]


def lifetimes(path: Path) -> dict[str, Any]:
    """BG/NBD, MBG/NBD and Gamma-Gamma fitted; P(alive), four expectations, spend and three lifetime values of every customer, written."""
    timed = Timed()
    with connected(path) as connection:
        fits = _fits(timed, connection)
        rows = timed.run("score and write", lambda: _scores(connection, fits))
    timed.run("three lifetime values by its own method", lambda: _own_lifetime_values(rows, fits))
    names = ("bg_nbd", "mbg_nbd", "gamma_gamma")
    return timed.figures | {"parameters": {name: list(map(float, fit.params_)) for name, fit in zip(names, fits, strict=True)}}


def _fits(timed: Timed, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

    rows = connection.execute("select x, t_x_days / 7.0 as t_x, age_days / 7.0 as age from intermediate.int_customer_facts").df()
    repeat = connection.execute(
        "select x, round(repeat_amount * 100 / x) / 100.0 as mean from intermediate.int_customer_facts where x > 0 and repeat_amount > 0"
    ).df()
    columns = (rows["x"], rows["t_x"], rows["age"])
    fits = [
        timed.run(name, partial(fitter.fit, *columns))
        for name, fitter in (("bg_nbd", BetaGeoFitter()), ("mbg_nbd", ModifiedBetaGeoFitter()))
    ]
    fits.append(timed.run("gamma_gamma", lambda: GammaGammaFitter().fit(repeat["x"], repeat["mean"])))
    return fits


def _scores(connection: duckdb.DuckDBPyConnection, fits: Sequence[Any]) -> pd.DataFrame:
    """The lifetime values in one pass over 36 months, each discounted on its middle: a quarter of the calls that its own method makes."""
    rows: pd.DataFrame = connection.execute(
        "select person_id, x, t_x_days / 7.0 as t_x, age_days / 7.0 as age, cast(coalesce(repeat_amount / nullif(x, 0), 0) as double) as mean "
        "from intermediate.int_customer_facts"
    ).df()
    model, spend = fits[1], fits[2]
    columns = (rows["x"], rows["t_x"], rows["age"])
    rows["p_alive"] = model.conditional_probability_alive(*columns)
    for days in (30, 90, 180, 365):
        rows[f"expected_{days}"] = model.conditional_expected_number_of_purchases_up_to_time(days / 7, *columns)
    rows["spend"] = spend.conditional_expected_average_profit(rows["x"], rows["mean"])
    before, total = np.zeros(len(rows)), np.zeros(len(rows))
    for month in range(1, 37):
        now = np.asarray(model.conditional_expected_number_of_purchases_up_to_time(month * 365.25 / 84, *columns))
        total = total + (now - before) * rows["spend"] / 1.1 ** ((month - 0.5) / 12)
        before = now
        if month % 12 == 0:
            rows[f"clv_{month}"] = total
    connection.register("scored", rows)
    connection.execute("create or replace table lifetimes_scores as from scored")
    return rows


def _own_lifetime_values(rows: pd.DataFrame, fits: Sequence[Any]) -> None:
    """`customer_lifetime_value`, which its users call: months of 4.345 weeks, and every month asked for twice."""
    model, spend = fits[1], fits[2]
    for months in (12, 24, 36):
        spend.customer_lifetime_value(
            model, rows["x"], rows["t_x"], rows["age"], rows["mean"], time=months, discount_rate=1.1 ** (1 / 12) - 1, freq="W"
        )
