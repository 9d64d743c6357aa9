"""Customer value at scale: fit, score and write, against lifetimes straight.

`python -m bench.clv --customers 1000000` simulates MBG/NBD customers with Gamma-Gamma spend into a warehouse file. Then, each in a process
of its own, so that memory is that of the work alone: the CLV stage (two purchase models, the spend model, the scores) with the bounds of
all intervals and without; each fit by itself with the prior off; and lifetimes, which fits a row a customer and scores every customer. It
prints CPU seconds, ratios, peak memory, how far the parameters are apart, and the cost of a fit by distinct tuples.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

__all__ = ["main"]

SCORE = "score and write"
Figures = dict[str, Any]


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """A piece of work in a fresh process: its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _distance(ours: Figures, theirs: Figures) -> float:
    """The largest relative distance of a parameter."""
    return max(
        abs(mine / other - 1)
        for name, found in theirs["parameters"].items()
        for mine, other in zip(ours["parameters"][name], found, strict=True)
    )


def _table(fits: Figures, plain: Figures, full: Figures, like: Figures, theirs: Figures | None) -> list[tuple[str, float, float | None]]:
    """Rows of what is measured: name, our CPU seconds, those of lifetimes where it does the same."""
    other = theirs["seconds"] if theirs else {}
    rows = [(f"fit {name}, prior off", seconds, other.get(name)) for name, seconds in fits["seconds"].items()]
    scored = plain["seconds"][SCORE]
    rows.append(("scores of every customer, written: 63 columns, no intervals", scored, other.get(SCORE)))
    rows.append(("the same, only the columns that lifetimes gives", like["seconds"][SCORE], other.get(SCORE)))
    bounds = round(full["seconds"][SCORE] - scored, 3)
    rows.append(("28 bounds of intervals on top; lifetimes has none", bounds, None))
    fitted = sum(other[name] for name in ("bg_nbd", "mbg_nbd", "gamma_gamma")) if theirs else 0.0
    steps = (("whole stage without intervals", plain), ("whole stage", full))
    rows += [(name, round(sum(figures["seconds"].values()), 3), fitted + other[SCORE] if theirs else None) for name, figures in steps]
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    from bench.clv import ours
    from bench.clv.shop import make_shop
    from bench.clv.theirs import lifetimes

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--memory", help="DuckDB's memory limit for the stage, such as 1GB")
    parser.add_argument("--alone", action="store_true", help="without lifetimes beside it")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.duckdb"
        _apart(make_shop, path, options.customers)
        full = _apart(ours.stage, path, True, options.memory)
        plain = _apart(ours.stage, path, False, options.memory)
        like = _apart(ours.scores_like_theirs, path, options.memory)
        fits = _apart(ours.fits, path)
        theirs = None if options.alone else _apart(lifetimes, path)
        print(f"{options.customers:,} customers, {full['tuples']:,} histories; CPU seconds: ours, lifetimes, ratio")
        for name, mine, other in _table(fits, plain, full, like, theirs):
            print(f"  {name:60s}{mine:9.3f}" + (f"{other:9.3f}{other / max(mine, 1e-9):7.1f}" if other else ""))
        print(f"  peak memory: {full['peak']:,} MiB" + (f", lifetimes {theirs['peak']:,} MiB" if theirs else ""))
        if theirs:
            own = theirs["seconds"]["three lifetime values by its own method"]
            print(
                f"  lifetimes' own customer_lifetime_value, three horizons: {own:.1f} more, {own / plain['seconds'][SCORE]:.1f} times our scores, "
                f"{own / like['seconds'][SCORE]:.1f} times those with its columns alone"
            )
            print(f"  parameters within {_distance(fits, theirs):.1e} of lifetimes'")
        for tuples, seconds in _apart(ours.by_tuples, path):
            print(f"  MBG/NBD on {tuples:>9,} histories {seconds:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
