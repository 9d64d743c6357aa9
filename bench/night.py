"""The scale smoke: a generated shop through the whole night; time and peak memory of each stage, and a verdict.

`python -m bench.night --orders 1000000` makes the shop and a home for it, runs `goodwill run` as a user would, and reads what the
run recorded about itself. The memory of the whole is measured from outside: the sum over the command and all its children.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from goodwill.demo import make_demo_home

from bench.shop import LAST_DAY, Parameters, make_shop

__all__ = ["Stage", "Targets", "make_home", "read_stages", "report", "run_night"]

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 1024**2


@dataclass(frozen=True)
class Targets:
    """What a night may take: wall seconds, and MiB of resident memory over all its processes."""

    seconds: float = 180.0
    memory_mb: float = 4096.0


@dataclass(frozen=True)
class Stage:
    """One line of a run's `stages.jsonl` that ended."""

    name: str
    status: str
    seconds: float
    peak_mb: float | None


@dataclass(frozen=True)
class Outcome:
    """How the command ended, how long it took, and the highest memory of it and its children together."""

    code: int
    seconds: float
    peak_mb: float
    output: str


class _Watch(threading.Thread):
    """Looks at the memory of a process tree ten times a second. Shared pages count once per process: an upper bound."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            total = 0
            with suppress(psutil.Error):
                parent = psutil.Process(self.pid)
                for process in [parent, *parent.children(recursive=True)]:
                    with suppress(psutil.Error):
                        total += process.memory_info().rss
            self.peak = max(self.peak, total)


def make_home(home: Path, orders: int, seed: int) -> dict[str, Any]:
    """A home of the demo `shop` with generated files of its own; what the generator says about them."""
    make_demo_home("shop", home)
    return make_shop(Parameters(orders, seed), home / "input")


def run_night(home: Path, as_of: str) -> Outcome:
    """Run the night of `home` by the command line, as a user would."""
    path = os.pathsep.join(part for part in (str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "goodwill", "run", "--home", str(home), "--as-of", as_of]
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watch = _Watch(process.pid)
    watch.start()
    output, _ = process.communicate()
    watch.over.set()
    watch.join()
    return Outcome(process.returncode, time.monotonic() - began, watch.peak / MEBIBYTE, output)


def last_run(home: Path) -> Path | None:
    """The folder of the newest run."""
    runs = sorted((path for path in (home / "runs").glob("*") if (path / "stages.jsonl").exists()), key=lambda path: path.stat().st_mtime)
    return runs[-1] if runs else None


def read_stages(run: Path) -> list[Stage]:
    """The stages of a run that ended, in order."""
    stages = []
    for line in (run / "stages.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["status"] != "started":
            peak = (entry.get("detail") or {}).get("peak_rss_mb")
            stages.append(Stage(entry["stage"], entry["status"], float(entry.get("seconds") or 0.0), None if peak is None else float(peak)))
    return stages


def report(stages: Sequence[Stage], outcome: Outcome, targets: Targets) -> tuple[str, bool]:
    """A table for a person, and whether the night was published within the targets."""
    width = max([len(stage.name) for stage in stages] + [len("outside the stages")])
    lines = [f"{'stage':<{width}}  {'status':<8}  {'seconds':>8}  {'peak MiB':>9}"]
    for stage in stages:
        peak = "-" if stage.peak_mb is None else f"{stage.peak_mb:,.0f}"
        lines.append(f"{stage.name:<{width}}  {stage.status:<8}  {stage.seconds:>8.1f}  {peak:>9}")
    inside = sum(stage.seconds for stage in stages)
    lines.append(f"{'outside the stages':<{width}}  {'':<8}  {max(outcome.seconds - inside, 0):>8.1f}")
    lines.append(f"{'whole night':<{width}}  exit {outcome.code:<3}  {outcome.seconds:>8.1f}  {outcome.peak_mb:>9,.0f}")
    misses = []
    if outcome.code:
        misses.append(f"not published (exit code {outcome.code})")
    if outcome.seconds > targets.seconds:
        misses.append(f"{outcome.seconds:.0f} s are more than {targets.seconds:.0f} s")
    if outcome.peak_mb > targets.memory_mb:
        misses.append(f"{outcome.peak_mb:,.0f} MiB are more than {targets.memory_mb:,.0f} MiB")
    lines.append("verdict: " + ("within the targets" if not misses else "; ".join(misses)))
    return "\n".join(lines), not misses


def main(arguments: list[str] | None = None) -> int:
    """Make the shop, run the night once or more often, print what each took."""
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="where to make the home; without it a temporary folder, removed at the end")
    parser.add_argument("--times", type=int, default=1, help="nights to run one after the other: from the second on, nothing is new")
    parser.add_argument("--seconds", type=float, default=Targets.seconds, help="target for one night")
    parser.add_argument("--memory", type=float, default=Targets.memory_mb, help="target in MiB")
    given = parser.parse_args(arguments)
    targets = Targets(given.seconds, given.memory)
    with tempfile.TemporaryDirectory(prefix="goodwill-bench-") as temporary:
        home = (given.home or Path(temporary) / "home").resolve()
        began = time.monotonic()
        truth = make_home(home, given.orders, given.seed)
        print(
            f"made {truth['rows']['orders']:,} orders, {truth['rows']['contact_events']:,} contact events, "
            f"{truth['totals']['customers']:,} customers in {time.monotonic() - began:.1f} s",
            flush=True,
        )
        good = True
        for number in range(given.times):
            outcome = run_night(home, LAST_DAY.isoformat())
            run = last_run(home)
            text, met = report(read_stages(run) if run else [], outcome, targets)
            print(f"\nnight {number + 1}\n{text}", flush=True)
            if outcome.code:
                print(outcome.output[-4000:])
            good = good and met
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
