"""Customer months from landed rows: `python -m bench.marts --orders 1000000`.

Everything that `customer_months` descends from is built by dbt as in a night (with its tests, and without), by the same SQL without dbt, by pandas and by polars,
each in a process of its own, one after another; beside them every column of the landed rows is decoded once, the least any reader can do.
All must agree, month by month: counts exactly, amounts to the cent. The peers do less: they check nothing, set nothing apart, and know nobody by two names.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.marts.shop import Landed, land

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
#: Step → what it is called; nothing for one that is no path of its own.
STEPS = {
    "decode": "every column decoded",
    "pandas": "pandas",
    "polars": "polars",
    "run": "dbt",
    "compile": "",
    "bare": "the same SQL without dbt",
    "build": "dbt with its tests",
}
Months = list[list[Any]]


def _rounded(rows: list[tuple[Any, ...]]) -> Months:
    """Month, persons, counts and amounts in hundredths, in the order of the months."""
    return sorted([str(month)[:7], *(None if each is None else round(float(each) * 100) for each in figures)] for month, *figures in rows)


def _of_peer(frame: Any) -> Months:
    import duckdb

    with duckdb.connect() as connection:
        connection.register("months", frame)
        names = [row[0] for row in connection.execute("describe months").fetchall() if row[0] != "month"]
        sums = ", ".join(f"sum({name})" for name in names)
        return _rounded(connection.execute(f"select month, count(*), {sums} from months group by month").fetchall())


def _step(name: str, folder: Path) -> Months | None:
    """Do one step in this process; the months it found."""
    landed = Landed.read(folder / "landed.json")
    if name == "pandas":
        from bench.marts import with_pandas

        frame = with_pandas.customer_months(landed)
        return _of_peer(frame.assign(month=frame["month"].astype(str)))
    if name == "polars":
        from bench.marts import with_polars

        return _of_peer(with_polars.customer_months(landed).to_arrow())
    from bench.marts import with_dbt

    if name == "decode":
        with_dbt.decode(landed.files)
        return None
    if name == "compile":  # over the warehouse of the step before
        (folder / "models.json").write_text(json.dumps(with_dbt.compiled(folder)), encoding="utf-8")
        return None
    with_dbt.prepare(folder)
    if name == "bare":
        with_dbt.bare(folder, json.loads((folder / "models.json").read_text(encoding="utf-8")))
    else:
        with_dbt.build(folder, tests=name == "build")
    return _rounded(with_dbt.months(folder))


def _measured(name: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """Wall and CPU seconds and peak MiB of a step in a process of its own, and what it found.

    The process that starts it must stay small: what it holds counts in the peak of those it starts.
    """
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = folder / f"{name}.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.marts", "--step", name, str(folder), str(out), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.monotonic() - began, "cpu": cpu, **json.loads(out.read_text(encoding="utf-8"))}


def _child(name: str, folder: Path, out: Path, orders: int, seed: int) -> int:
    found = None
    if name == "land":
        land(folder, orders, seed).write(folder / "landed.json")
    else:
        found = _step(name, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.write_text(json.dumps({"peak": peak, "months": found}), encoding="utf-8")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Print what each took, and the ratios; fail where two do not agree."""
    parser = argparse.ArgumentParser(prog="python -m bench.marts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--step", nargs=3, metavar=("NAME", "FOLDER", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.step:
        return _child(given.step[0], Path(given.step[1]), Path(given.step[2]), given.orders, given.seed)
    with tempfile.TemporaryDirectory(prefix="goodwill-bench-") as name:
        folder = Path(name) / "home"
        folder.mkdir()
        _measured("land", folder, "--orders", str(given.orders), "--seed", str(given.seed))
        taken = {}
        for step, title in STEPS.items():
            taken[step] = took = _measured(step, folder)
            if title:
                print(f"{title:<26} {took['wall']:8.1f} s wall {took['cpu']:8.1f} s cpu {took['peak']:8,.0f} MiB", flush=True)
    ours = taken["run"]
    for step in ("decode", "pandas", "polars"):
        ratios = "  ".join(f"{what} {ours[what] / taken[step][what]:.2f}" for what in ("wall", "cpu", "peak"))
        print(f"dbt / {STEPS[step]:<24} {ratios}")
    print(f"dbt with its tests / the SQL alone: cpu {taken['build']['cpu'] / taken['bare']['cpu']:.2f}")
    differing = [step for step in STEPS if taken[step]["months"] is not None and taken[step]["months"] != ours["months"]]
    print("all agree" if not differing else f"NOT the same: {', '.join(differing)}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
