"""Customer value at scale: fit, score and write, against lifetimes straight, in the same run.

`python -m bench.clv --customers 1000000` simulates MBG/NBD customers with Gamma-Gamma spend into a warehouse file, runs the CLV stage
(all three purchase models, the spend model, and the scores with intervals), then does with lifetimes alone what of it lifetimes can do, as
its users do it: fit BG/NBD, MBG/NBD and Gamma-Gamma on a row a customer, and score every customer. It prints CPU seconds, ratios, the peak
memory, how far the parameters are apart (prior off), and the cost of a fit by distinct tuples.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from goodwill import clv
from goodwill.clv.fitting import fit_purchases, fit_spend
from goodwill.clv.outlooks import ModelName
from goodwill.clv.tuples import read_purchase_tuples, read_spend_tuples
from goodwill.settings.business import BusinessSettings, Clv
from numpy.typing import NDArray

__all__ = ["Figures", "main", "measure", "shop"]

AS_OF, RUN = dt.date(2026, 6, 30), "bench"
#: The CLV stage alone: the holdout reads every purchase, which this bench does not make.
SETTINGS = BusinessSettings(clv=Clv(models=("mbg_nbd", "bg_nbd")))

Integers = NDArray[np.int64]


def shop(connection: duckdb.DuckDBPyConnection, customers: int, seed: int = 7, span: int = 730) -> None:
    """The intermediate tables of a shop of MBG/NBD customers, first seen up to `span` days ago."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.6, 1 / 7.0, customers) / 7
    age = random.integers(0, span + 1, customers)
    leaves = random.geometric(np.clip(random.beta(0.8, 2.4, customers), 1e-12, 1.0))
    time_of, last, x = np.zeros(customers), np.zeros(customers, dtype=np.int64), np.zeros(customers, dtype=np.int64)
    active, number = np.flatnonzero(leaves > 1), 1
    while len(active):
        time_of[active] += random.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[time_of[active] <= age[active]]
        day = np.floor(time_of[active]).astype(np.int64)
        new = active[day > last[active]]
        x[new] += 1
        last[active] = np.maximum(last[active], day)
        number += 1
        active = active[leaves[active] > number]
    nu = random.gamma(4.0, 1 / 15.0, customers)
    first, repeat = random.gamma(6.0, 1 / nu), random.gamma(np.maximum(6.0 * x, 1e-9), 1 / nu)
    columns = {
        "person": np.arange(customers),
        "x": x,
        "t_x_days": last,
        "age_days": age,
        "first": first,
        "repeat": np.where(x > 0, repeat, 0),
    }
    connection.register("made", pa.table(columns))
    connection.execute("create schema intermediate")
    connection.execute(_FACTS)
    connection.unregister("made")
    for statement in _TABLES:
        connection.execute(statement)


_FACTS = """
create table intermediate.int_customer_facts as
select 'p' || person as person_id, false as is_guest, x + 1 as purchase_days, x, t_x_days, age_days,
    cast(first + 0.01 as decimal(18, 2)) as first_amount, cast(repeat as decimal(18, 2)) as repeat_amount,
    cast((first + repeat) * 0.3 as decimal(18, 2)) as margin_amount, false as margin_is_assumed,
    cast(0 as decimal(18, 2)) as cost_to_serve_amount, cast(null as varchar) as first_category
from made
"""

_TABLES = (
    "create table intermediate.int_clv_customers as select person_id, cast(null as varchar) as brand, 'all' as model_group "
    "from intermediate.int_customer_facts",
    "create table intermediate.int_rfm_tuples as select 'all' as model_group, x, t_x_days, age_days, count(*) as customers "
    "from intermediate.int_customer_facts group by all",
    "create table intermediate.int_spend_tuples as select 'all' as model_group, x, cast(round(repeat_amount * 100 / x) as bigint) as "
    "mean_repeat_cents, count(*) as customers from intermediate.int_customer_facts where x > 0 and repeat_amount > 0 group by all",
    "create table intermediate.int_contract_tuples (plan varchar, periods bigint, is_ended boolean, contracts bigint)",
    "create table intermediate.int_contracts__running (person_id varchar, plan varchar, period_days double, periods bigint, started_on date, "
    "days_to_renewal double, amount decimal(18, 2), renewals_12 bigint, renewals_24 bigint, renewals_36 bigint)",
    "create table intermediate.int_purchase_days (person_id varchar, is_guest boolean, purchased_on date)",
)


@dataclass(frozen=True)
class Figures:
    """CPU seconds by step, the largest relative distance of a parameter from lifetimes', and the peak memory of the stage in MiB."""

    seconds: dict[str, float]
    distance: float
    tuples: int
    peak_mb: int

    def ratio(self, step: str) -> float:
        """How many times longer lifetimes takes."""
        return self.seconds[f"lifetimes {step}"] / max(self.seconds[step], 1e-9)


def _timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    result = work()
    seconds[name] = round(time.process_time() - began, 3)
    return result


def measure(path: Path, customers: int, with_lifetimes: bool = True) -> Figures:
    """Make the shop, run the stage, and let lifetimes do its part of the same."""
    seconds: dict[str, float] = {}
    with duckdb.connect(str(path)) as connection:
        shop(connection, customers)
        _timed(seconds, "stage: fit", lambda: clv.fit(connection, SETTINGS, RUN, AS_OF))
        _timed(seconds, "stage: score and write", lambda: clv.score(connection, SETTINGS, RUN, AS_OF))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        purchases, spend = read_purchase_tuples(connection), read_spend_tuples(connection)
        names: tuple[ModelName, ...] = ("bg_nbd", "mbg_nbd")
        ours = [_timed(seconds, name, partial(fit_purchases, name, purchases, 30, use_prior=False)) for name in names]
        ours.append(_timed(seconds, "gamma_gamma", lambda: fit_spend(spend, 30, use_prior=False)))
        _timed(seconds, "pareto_nbd", lambda: fit_purchases("pareto_nbd", purchases, 30))
        distance = 0.0
        if with_lifetimes:
            theirs = _lifetimes(seconds, connection)
            distance = max(
                float(np.abs(np.array(list(run.parameters.values())) / fitter.params_.to_numpy() - 1).max())
                for run, fitter in zip(ours, theirs, strict=True)
            )
            _timed(seconds, "lifetimes score", lambda: _lifetimes_scores(connection, theirs))
            seconds["score"] = seconds["stage: score and write"]
    return Figures(seconds, distance, len(purchases.x), peak)


def _lifetimes(seconds: dict[str, float], connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Its fits, a row a customer: it cannot group."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

    rows = connection.execute("select x, t_x_days / 7.0 as t_x, age_days / 7.0 as age from intermediate.int_customer_facts").df()
    repeat = connection.execute(
        "select x, round(repeat_amount * 100 / x) / 100.0 as mean from intermediate.int_customer_facts where x > 0 and repeat_amount > 0"
    ).df()
    columns = (rows["x"], rows["t_x"], rows["age"])
    fits = [
        _timed(seconds, f"lifetimes {name}", partial(fitter.fit, *columns))
        for name, fitter in (("bg_nbd", BetaGeoFitter()), ("mbg_nbd", ModifiedBetaGeoFitter()))
    ]
    fits.append(_timed(seconds, "lifetimes gamma_gamma", lambda: GammaGammaFitter().fit(repeat["x"], repeat["mean"])))
    return fits


def _lifetimes_scores(connection: duckdb.DuckDBPyConnection, fits: Sequence[Any]) -> None:
    """Every customer, four horizons, P(alive), spend and three lifetime values, by lifetimes' own methods; no intervals: it has none."""
    rows = connection.execute(
        "select person_id, x, t_x_days / 7.0 as t_x, age_days / 7.0 as age, cast(coalesce(repeat_amount / nullif(x, 0), 0) as double) as mean "
        "from intermediate.int_customer_facts"
    ).df()
    model, spend = fits[1], fits[2]
    columns = (rows["x"], rows["t_x"], rows["age"])
    rows["p_alive"] = model.conditional_probability_alive(*columns)
    for weeks in (30 / 7, 90 / 7, 180 / 7, 365 / 7):
        rows[f"expected_{weeks:.0f}"] = model.conditional_expected_number_of_purchases_up_to_time(weeks, *columns)
    rows["spend"] = spend.conditional_expected_average_profit(rows["x"], rows["mean"])
    for months in (12, 24, 36):
        before = np.zeros(len(rows))
        total = np.zeros(len(rows))
        for month in range(1, months + 1):
            now = np.asarray(model.conditional_expected_number_of_purchases_up_to_time(month * 365.25 / 84, *columns))
            total += (now - before) * rows["spend"] / 1.1 ** ((month - 0.5) / 12)
            before = now
        rows[f"clv_{months}"] = total
    connection.register("scored", rows)
    connection.execute("create or replace table lifetimes_scores as from scored")


def by_tuples(path: Path) -> list[tuple[int, float]]:
    """Tuples and CPU seconds of a fit, on shares of the tuples: the cost follows their number, not that of the customers."""
    with duckdb.connect(str(path), read_only=True) as connection:
        whole = read_purchase_tuples(connection)
    found = []
    for parts in (8, 4, 2, 1):
        part = whole.sample(len(whole.x) // parts)
        began = time.process_time()
        for _ in range(3):
            fit_purchases("mbg_nbd", part, 30)
        found.append((len(part.x), round((time.process_time() - began) / 3, 3)))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--alone", action="store_true", help="without lifetimes beside it")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.duckdb"
        figures = measure(path, options.customers, not options.alone)
        print(f"{options.customers:,} customers, {figures.tuples:,} tuples; CPU seconds:")
        for name, seconds in figures.seconds.items():
            beside = f"  {figures.ratio(name):6.1f} times faster than lifetimes" if f"lifetimes {name}" in figures.seconds else ""
            print(f"  {name:28s}{seconds:9.3f}{beside}")
        print(f"  peak memory of the stage {figures.peak_mb:,} MiB; parameters within {figures.distance:.1e} of lifetimes'")
        for tuples, seconds in by_tuples(path):
            print(f"  MBG/NBD on {tuples:>9,} tuples {seconds:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
