"""Nights that are killed, again and again: what is published stays whole, and the next night needs no hands.

`python -m tests.faults.campaign --kills 200` makes a small shop, publishes a night of it, lets the files of a few more days arrive, and
finds out what an unharmed night makes of them. Then it kills the whole process tree of that night at a moment drawn from a seed, up to
three times in a row, and lets one plain night follow. All the while a reader opens what is published.

After every kill: what `published/current` shows is one whole publication, the one before or the new one, byte by byte as its manifest says.
After every healing night: every mart equals the unharmed one, every row that landed is accounted for, and nothing is left lying about.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from goodwill.audit import RunRecord, read_runs
from goodwill.demo import make_demo_home
from goodwill.files import digest
from goodwill.home import Home
from goodwill.publish import current_run

from bench.shop import Parameters, make_shop

__all__ = ["Campaign", "contents", "main"]

ROOT = Path(__file__).resolve().parents[2]
#: Columns that say which run made a row, or how long it took.
OF_THE_RUN = {"run_id", "parameters_run_id", "fitted_seconds"}
#: Kills in a row before a night is left in peace.
_IN_A_ROW = 3
#: Seconds between two looks of the reader.
_POLL = 0.05

Contents = dict[str, tuple[int, int | None]]


def environment() -> dict[str, str]:
    """This process's, without what would lead a night elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GOODWILL"))}
    return {**kept, "PYTHONPATH": str(ROOT / "plugins"), "COLUMNS": "200"}


def contents(database: Path) -> Contents:
    """Every mart, and the reconciliation, as a number of rows and a hash of them in any order."""
    found: Contents = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name = 'marts' or table_name = 'reconciliation' order by all"
        ).fetchall()
        for schema, table in tables:
            columns = [row[0] for row in connection.execute(f"describe {schema}.{table}").fetchall() if row[0] not in OF_THE_RUN]
            rows = f"select hash({', '.join(columns)}) as h from {schema}.{table}"
            count, total = connection.execute(f"select count(*), sum(cast(h as hugeint)) from ({rows})").fetchone() or (0, None)
            found[f"{schema}.{table}"] = (count, total)
    return found


@dataclass
class Campaign:
    """The homes, the two states a reader may see, and what was counted."""

    folder: Path
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    healed: int = 0
    before: Contents = field(default_factory=dict)
    after: Contents = field(default_factory=dict)
    lasts: float = 0.0

    def prepare(self) -> None:
        """A published night, the same home with more files, and what a night makes of them unharmed, and in what time."""
        made = self.folder / "made"
        make_shop(Parameters(300, 5), made, "csv", 2, 0.005)
        make_demo_home("shop", self.folder / "begin")
        begin = Home.at(self.folder / "begin")
        begin.sources_file.write_text(begin.sources_file.read_text().replace(".csv", "*.csv"))
        with begin.business_file.open("a") as settings:  # the dirt of a shop so small is a large share of some of its files
            settings.write("quality: {quarantine_share: 0.5}\n")
        (begin.root / "input").mkdir(exist_ok=True)
        for path in made.glob("*.csv"):
            shutil.copy(path, begin.root / "input" / path.name)
        self.unharmed(begin)
        self.before = contents(begin.current / "goodwill.duckdb")
        for path in made.glob("nights/*/*.csv"):
            shutil.copy(path, begin.root / "input" / f"{path.stem}_{path.parent.name}.csv")
        whole = self.fresh("unharmed")
        began = time.monotonic()
        self.unharmed(whole)
        self.lasts = time.monotonic() - began
        self.after = contents(whole.current / "goodwill.duckdb")
        if self.after == self.before:
            raise AssertionError("the files that came later changed nothing: a healed night could not be told from none")

    def fresh(self, name: str) -> Home:
        """A copy of the home before the night."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder / "begin", target, symlinks=True)
        return Home.at(target)

    def start(self, home: Home) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "goodwill", "run", "--home", str(home.root)]
        return subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def unharmed(self, home: Home) -> None:
        night = self.start(home)
        said, _ = night.communicate(timeout=900)
        if night.returncode:
            raise AssertionError(f"a night nobody harmed failed:\n{said}")

    def round(self, kills: int) -> int:
        """Kill some nights in a row, then let one end, and look. Returns how many were killed."""
        home = self.fresh("home")
        stop = threading.Event()
        reader = threading.Thread(target=self._read, args=(home, stop))
        reader.start()
        try:
            planned = min(self.chance.randint(1, _IN_A_ROW), kills)
            killed = sum(self._kill(home) for _ in range(planned))
            night = self.start(home)
            said, _ = night.communicate(timeout=900)
        finally:
            stop.set()
            reader.join()
        if night.returncode:
            self.wrong.append(f"the night after {killed} kills did not publish:\n{said[-2000:]}")
        else:
            self.healed += 1
            self._inspect(home)
        return planned

    def _kill(self, home: Home) -> bool:
        """Start a night and kill its process tree at a random moment; false if it had ended by then."""
        known = {folder.name for folder in (home.root / "runs").iterdir()}
        night = self.start(home)
        try:
            night.communicate(timeout=self.chance.uniform(0.5, self.lasts))
        except subprocess.TimeoutExpired:
            os.killpg(night.pid, signal.SIGKILL)
            night.communicate()
        new = [folder for folder in (home.root / "runs").iterdir() if folder.name not in known]
        lines = RunRecord(new[0]).stages() if new else []
        ended = night.returncode == 0
        self.kills["after the end" if ended else lines[-1]["stage"] if lines else "before the first stage"] += 1
        self.wrong += [f"killed at {self._where(lines)}: {each}" for each in self._not_whole(home)]
        return not ended

    @staticmethod
    def _where(lines: list[dict[str, object]]) -> str:
        return str(lines[-1]["stage"]) if lines else "the start"

    def _not_whole(self, home: Home) -> list[str]:
        """What is wrong with what is published, read as a user would and then byte by byte."""
        folder = home.current.resolve()
        found = contents(folder / "goodwill.duckdb")
        wrong = [] if found in (self.before, self.after) else ["the marts are neither those of before nor the new ones"]
        files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return wrong + [f"{name} is not as its manifest says" for name, file in files.items() if digest(folder / name) != file["sha256"]]

    def _inspect(self, home: Home) -> None:
        """After the healing night."""
        wrong = self._not_whole(home)
        found = contents(home.current / "goodwill.duckdb")
        wrong += [f"{table} differs from the unharmed night's" for table in self.after if found.get(table) != self.after[table]]
        with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as connection:
            (lost,) = connection.execute(
                "select coalesce(sum(abs(source_rows - landed_rows) + abs(landed_rows - accepted_rows - superseded_rows - quarantined_rows)), 0) "
                "from audit.reconciliation"
            ).fetchall()[0]
        wrong += [f"{lost} rows unaccounted for"] if lost else []
        wrong += ["a run is said to be running still"] if "running" in {run["verdict"] for run in read_runs(home)} else []
        left = [*home.published.glob(".*"), *home.landing.glob("*/.*"), *home.warehouse.glob("working*"), *home.warehouse.glob("lock.json")]
        wrong += [f"left behind: {path.relative_to(home.root)}" for path in left]
        self.wrong += [f"after the healing night: {each}" for each in wrong]

    def _read(self, home: Home, stop: threading.Event) -> None:
        """Open what is published, over and over: it must be one publication, whoever made it."""
        while not stop.is_set():
            try:
                with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as connection:
                    released = connection.execute("select run_id from audit.release").fetchall()
                    people = connection.execute("select count(*) from marts.dim_customers").fetchone()
                if len(released) != 1 or people not in ((self.before["marts.dim_customers"][0],), (self.after["marts.dim_customers"][0],)):
                    self.wrong.append(f"a reader saw {people} of {released}")
            except (OSError, duckdb.Error) as error:
                self.wrong.append(f"a reader was refused: {error}")
            self.looks += 1
            time.sleep(_POLL)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), random.Random(options.seed))
        campaign.prepare()
        print(f"a night unharmed takes {campaign.lasts:.0f} s; {len(campaign.after)} tables are compared", flush=True)
        killed = 0
        while killed < options.kills:
            killed += campaign.round(options.kills - killed)
            print(f"{killed:4d} kills, {campaign.healed} nights healed, {len(campaign.wrong)} things wrong", flush=True)
        for stage, count in sorted(campaign.kills.items(), key=lambda each: -each[1]):
            print(f"  {count:4d}  {stage}")
        print(f"{killed} kills, {campaign.healed} healing nights, {campaign.looks:,} looks of a reader; wrong: {len(campaign.wrong)}")
        for each in campaign.wrong:
            print(f"  {each}")
        assert current_run(Home.at(campaign.folder / "home")), "something is published at the end"
    return bool(campaign.wrong)


if __name__ == "__main__":
    sys.exit(main())
