"""Nights that are killed, again and again: what is published stays whole, and the next night needs no hands.

`python -m tests.faults.campaign --kills 200 --publishing 200 --nights 20 --mutants 10000` makes a small shop, publishes a night of it, lets the files of a few
more days arrive, and finds out what an unharmed night makes of them. Then it kills the process of that night, up to four times in a row, each
night being the one that would heal the one before, at a moment drawn from a seed: within a stage, or at a named point of landing and of
publishing. One plain night follows. All the while a reader opens what is published. One night in ten goes through the command and Airflow.

After every kill: what `published/current` shows is one whole publication, the one before or the new one, byte by byte as its manifest says.
After every healing night: every mart equals the unharmed one, every row that landed is accounted for, and nothing is left lying about.
Then publishing alone is killed, on very small nights; then so many nights in a row, the files of a day arriving before each, with the reader; then so many damaged files.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from goodwill import clv, forgetting, identity, quality, report, segments, warehouse
from goodwill.audit import read_runs
from goodwill.audit.verifying import verify_chain
from goodwill.audit.version import code_version
from goodwill.demo import make_demo_home
from goodwill.files import digest
from goodwill.home import Home

from bench.shop import Parameters, make_shop
from tests.faults.nights import ROOT, Running, by_airflow, environment, in_this_process, new_run, start
from tests.faults.publishing import kill_publishing
from tests.faults.reader import Reader, Seen
from tests.unit.extract.bad_inputs.index import INDEX

__all__ = ["Campaign", "Counts", "contents", "main"]

#: What a night imports when it needs it: imported here, once for all that are forked off.
IMPORTED = (clv, forgetting, identity, quality, report, segments, warehouse)
#: Columns that say which run made a row, or how long it took.
OF_THE_RUN = {"run_id", "parameters_run_id", "fitted_seconds"}
#: Kills in a row before a night is left in peace.
_IN_A_ROW = 4
#: One night in so many goes through the command and Airflow.
_BY_AIRFLOW = 10
#: Points at which a night dies by itself: in the midst of a rename, where no clock would ever hit.
POINTS = (
    *(
        "open: before the lock",
        "landing: before the rows",
        "landing: after the rows",
        "landing: before the manifest",
        "landing: after the manifest",
    ),
    *("landing: after the rename", "publish: before the fence", "publish: before the swap", "publish: after the swap"),
    *("publish: between the renames", "publish: after the fence"),
)
#: How often a stage is drawn, where not once: what touches published files more than what a clock would give it.
_WEIGHTS = {"publish": 4, "at a point": 4, "build staging": 2, "build before_clv": 2}

Contents = dict[str, tuple[int, int | None]]


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
class Counts:
    """What was done and what came of it."""

    injected: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    healed: int = 0
    nights: int = 0
    looks: int = 0
    refused: int = 0
    mixed: int = 0
    rows_lost: int = 0
    wrong: list[str] = field(default_factory=list)

    def saw(self, seen: Seen) -> None:
        self.looks += seen.looks
        self.refused += len(seen.refused)
        self.mixed += len(seen.mixed)
        self.wrong += [f"a reader was refused: {each}" for each in seen.refused[:3]] + [f"a reader saw {each}" for each in seen.mixed[:3]]


@dataclass
class Campaign:
    """The home, the two states a reader may see, and what was counted. The home is always the same place: dbt reads all models anew elsewhere."""

    folder: Path
    chance: random.Random
    counts: Counts = field(default_factory=Counts)
    before: Contents = field(default_factory=dict)
    after: Contents = field(default_factory=dict)
    #: Stage → seconds from its start to the next one's, of the night nobody harmed.
    stages: dict[str, float] = field(default_factory=dict)
    lasts: float = 0.0

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    def prepare(self) -> None:
        """A published night, the same home with more files, and what a night makes of them unharmed, and in what time."""
        made = self.folder / "made"
        make_shop(Parameters(300, 5), made, "csv", 2, 0.005)
        self._first(made)
        self.before = contents(self.home.current / "goodwill.duckdb")
        for path in made.glob("nights/*/*.csv"):
            shutil.copy(path, self.home.root / "input" / f"{path.stem}_{path.parent.name}.csv")
        shutil.copytree(self.home.root, self.folder / "begin", symlinks=True)
        began = time.monotonic()
        self._unharmed()
        self.lasts = time.monotonic() - began
        self.after = contents(self.home.current / "goodwill.duckdb")
        if self.after == self.before:
            raise AssertionError("the files that came later changed nothing: a healed night could not be told from none")
        self.stages = self._timeline()

    def _first(self, made: Path) -> None:
        """The home, with the files of the beginning and a night of them, through the command and Airflow."""
        make_demo_home("shop", self.home.root)
        self.home.sources_file.write_text(self.home.sources_file.read_text().replace(".csv", "*.csv"))
        with self.home.business_file.open("a") as settings:  # the dirt of a shop so small is a large share of some of its files
            settings.write("quality: {quarantine_share: 0.5}\n")
            # nights go on from the last even here: what is killed is to be the harder of the two
            settings.write("warehouse: {full_build_rows: 0, full_build_share: 1.0}\n")
        (self.home.root / "input").mkdir(exist_ok=True)
        for path in made.glob("*.csv"):
            shutil.copy(path, self.home.root / "input" / path.name)
        self._unharmed(through_airflow=True)

    def _timeline(self) -> dict[str, float]:
        """How long each stage takes until the next one starts; the extractions count as one."""
        record = new_run(self.home, {run["run_id"] for run in read_runs(Home(self.folder / "begin"))})
        assert record is not None
        started = [
            (str(line["stage"]), time.mktime(time.strptime(line["at"][:19], "%Y-%m-%d %H:%M:%S")) + float(line["at"][19:]))
            for line in record.stages()
            if line["status"] == "started"
        ]
        ends = [at for _, at in started[1:]] + [started[-1][1] + 2.0]
        found: dict[str, float] = {}
        for (stage, at), end in zip(started, ends, strict=True):
            name = "extract" if stage.startswith("extract ") else stage
            found[name] = found.get(name, 0.0) + end - at
        return found

    def _again(self) -> None:
        """The home as it was before the night."""
        shutil.rmtree(self.home.root)
        shutil.copytree(self.folder / "begin", self.home.root, symlinks=True)

    def _night(self, fault: str = "", through_airflow: bool = False) -> Running:
        act = by_airflow(self.home) if through_airflow else in_this_process(self.home, fault)
        return start(act, self.folder / "night.log")

    def _unharmed(self, through_airflow: bool = False) -> None:
        night = self._night(through_airflow=through_airflow)
        if night.wait():
            raise AssertionError(f"a night nobody harmed failed:\n{night.said()}")

    def _drawn(self) -> bool:
        return self.chance.randrange(_BY_AIRFLOW) == 0

    def round(self, kills: int) -> int:
        """Kill some nights in a row, then let one end, and look. Returns how many were killed."""
        self._again()
        wrong, reader = len(self.counts.wrong), Reader(self.home.root)
        killed = []
        try:
            for _ in range(min(self.chance.randint(1, _IN_A_ROW), kills)):
                at = self._kill()
                killed += [at] if at else []
            night = self._night(through_airflow=self._drawn())
            if (code := night.wait()) != 0:
                how = "was not done in time, and was ended" if code < 0 else "did not publish"
                self.counts.wrong.append(f"the night after kills at {killed} {how}:\n{night.said()}")
            else:
                self.counts.healed += 1
                self._inspect(killed)
        finally:
            self.counts.saw(reader.stop())
        self.counts.injected.update(killed)
        if len(self.counts.wrong) == wrong:
            self.counts.survived.update(killed)
        return len(killed)

    def _kill(self) -> str | None:
        """Start a night and have it killed; where it was, or nothing if it had ended by then."""
        choices = {"before the first stage": 0.5, **self.stages, "at a point": 0.0}
        stage = self.chance.choices(list(choices), [_WEIGHTS.get(name, 1) for name in choices])[0]
        if stage == "at a point":
            point = self.chance.choice(POINTS)
            night = self._night(fault=point)
            where = f"at the point '{point}'" if night.wait() < 0 else None
        else:
            where = self._kill_within(stage, self.chance.uniform(0, choices[stage]), through_airflow=self._drawn())
        self.counts.missed += where is None
        self.counts.wrong += [f"killed {where or 'after the end'}: {each}" for each in self._not_whole()]
        return where

    def _kill_within(self, stage: str, after: float, through_airflow: bool) -> str | None:
        """Kill a night so many seconds after the start of a stage; the stage it was in."""
        known = {folder.name for folder in (self.home.root / "runs").iterdir()}
        night = self._night(through_airflow=through_airflow)
        waits = stage != "before the first stage"
        while waits and night.poll() is None:
            record = new_run(self.home, known)
            waits = not record or not any(str(line["stage"]).startswith(stage) for line in record.stages())
            time.sleep(0.01)
        until = time.monotonic() + after
        while night.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        if night.poll() is not None:
            return None
        night.kill()
        record = new_run(self.home, known)
        lines = record.stages() if record else []
        return ("extract" if lines[-1]["stage"].startswith("extract ") else str(lines[-1]["stage"])) if lines else "before the first stage"

    def _not_whole(self) -> list[str]:
        """What is wrong with what is published, read as a user would and then byte by byte."""
        folder = self.home.current.resolve()
        found = contents(folder / "goodwill.duckdb")
        wrong = [] if found in (self.before, self.after) else ["the marts are neither those of before nor the new ones"]
        files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return wrong + [f"{name} is not as its manifest says" for name, file in files.items() if digest(folder / name) != file["sha256"]]

    def _lost(self) -> int:
        """Rows that the published reconciliation cannot account for."""
        with duckdb.connect(str((self.home.current / "goodwill.duckdb").resolve()), read_only=True) as connection:
            (lost,) = connection.execute(
                "select coalesce(sum(abs(source_rows - landed_rows) + abs(landed_rows - accepted_rows - superseded_rows - quarantined_rows)), 0) "
                "from audit.reconciliation"
            ).fetchall()[0]
        self.counts.rows_lost += int(lost)
        return int(lost)

    def _inspect(self, killed: list[str]) -> None:
        """After the healing night."""
        wrong, home = self._not_whole(), self.home
        found = contents(home.current / "goodwill.duckdb")
        wrong += [f"{table} differs from the unharmed night's" for table in self.after if found.get(table) != self.after[table]]
        wrong += ["rows are unaccounted for"] if self._lost() else []
        wrong += ["a run is said to be running still"] if "running" in {run["verdict"] for run in read_runs(home)} else []
        wrong += [f"the ledger: {problem}" for problem in [verify_chain(home).problem] if problem]
        left = [*home.published.glob(".*"), *home.landing.glob("*/.*"), *home.warehouse.glob("working*"), *home.warehouse.glob("lock.json")]
        left += [*home.warehouse.glob("replaced"), *home.warehouse.glob("trash-*")]
        wrong += [f"left behind: {path.relative_to(home.root)}" for path in left]
        self.counts.wrong += [f"healed after kills at {killed}: {each}" for each in wrong]

    def row_of_nights(self, nights: int) -> None:
        """So many nights, one after another, each with the files of a day, and the reader all along."""
        made = self.folder / "many"
        shutil.rmtree(self.home.root, ignore_errors=True)
        make_shop(Parameters(300, 6), made, "csv", nights, 0.005)
        self._first(made)
        reader = Reader(self.home.root)
        try:
            for day in sorted((made / "nights").iterdir()):
                for path in day.glob("*.csv"):
                    shutil.copy(path, self.home.root / "input" / f"{path.stem}_{day.name}.csv")
                self._unharmed()
                self.counts.wrong += ["rows are unaccounted for"] if self._lost() else []
                self.counts.nights += 1
                print(f"{self.counts.nights:4d} nights in a row", flush=True)
        finally:
            seen = reader.stop()
            self.counts.saw(seen)
        if len(seen.publications) != nights + 1:
            self.counts.wrong.append(f"of {nights + 1} publications the reader saw {len(seen.publications)}")


def _mutants(count: int) -> str:
    """Damaged files, in a process of their own; the last line of what it says."""
    command = [sys.executable, "-m", "tests.unit.extract.bad_inputs.mutants", str(count)]
    given = {**environment(), "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    return f"{'BROKEN: ' if done.returncode else ''}{(done.stdout.strip() or done.stderr.strip()).splitlines()[-1]}"


def _report(campaign: Campaign, mutants: str, options: argparse.Namespace) -> dict[str, Any]:
    """Print what came of it; returns the same for a machine."""
    counts = campaign.counts
    print(f"\n{'killed in or at':42} injected  survived")
    for where, number in sorted(counts.injected.items()):
        print(f"{where:42} {number:8d} {counts.survived[where]:9d}")
    print(f"{'all':42} {counts.injected.total():8d} {counts.survived.total():9d}")
    print(f"healing nights: {counts.healed}, repairs by hand: 0; nights in a row: {counts.nights}")
    print(f"looks of a reader: {counts.looks:,}; refused: {counts.refused}; mixed: {counts.mixed}")
    print(f"rows lost: {counts.rows_lost}")
    print(f"bad inputs with a test each: {len(INDEX)}; {mutants or 'no mutants were asked for'}")
    print(f"wrong: {len(counts.wrong)}")
    for each in counts.wrong:
        print(f"  {each}")
    return {
        **vars(counts),
        "code": code_version(),
        "seed": options.seed,
        "night_seconds": round(campaign.lasts, 1),
        "bad_inputs": len(INDEX),
        "mutants": mutants,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--publishing", type=int, default=0, help="kills of publishing alone after that, on nights so small that a second is enough"
    )
    parser.add_argument("--nights", type=int, default=0, help="nights in a row after that, with a reader")
    parser.add_argument("--mutants", type=int, default=0, help="damaged files after that")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round of kills after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("faults.json"), help="where the result is written for a machine")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), random.Random(options.seed))
        counts = campaign.counts
        if options.kills:
            campaign.prepare()
            print(f"a night unharmed takes {campaign.lasts:.0f} s; {len(campaign.after)} tables are compared", flush=True)
        while counts.injected.total() < options.kills and time.monotonic() - began < options.minutes * 60:
            campaign.round(options.kills - counts.injected.total())
            print(f"{counts.injected.total():4d} kills, {counts.healed} nights healed, {len(counts.wrong)} wrong", flush=True)
            options.results.write_text(json.dumps(vars(counts), indent=1), encoding="utf-8")  # what there is, should it be cut off
        if options.publishing:
            killed, wrong = kill_publishing(Path(folder) / "small", options.publishing, random.Random(options.seed))
            counts.looks += killed.pop("looks of a reader")
            counts.injected.update({f"{where} (small nights)": number for where, number in killed.items()})
            counts.survived.update({} if wrong else {f"{where} (small nights)": number for where, number in killed.items()})
            counts.wrong += wrong
        if options.nights:
            campaign.row_of_nights(options.nights)
        result = _report(campaign, _mutants(options.mutants) if options.mutants else "", options)
    options.results.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return bool(counts.wrong or "BROKEN" in result["mutants"])


if __name__ == "__main__":
    sys.exit(main())
