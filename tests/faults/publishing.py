"""Publishing, killed hundreds of times: nights so small that a second is enough for one, each a process that is really killed in its last stage.

`python -m tests.faults.publishing 200` draws moments over the time that publishing takes, and the named points between its renames; after each kill
what readers see is whole and one of two, and every third night is left in peace, and heals.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from goodwill import audit, stages
from goodwill.audit.verifying import verify_chain
from goodwill.files import digest
from goodwill.home import Home
from goodwill.publish import current_run, publications

from tests.conftest import ORDERS_SOURCE
from tests.faults.nights import environment, start
from tests.faults.reader import Reader
from tests.small_night import lay_out, night, seen

__all__ = ["POINTS", "kill_publishing"]

POINTS = ("before the fence", "before the swap", "after the swap", "between the renames", "after the fence")


def _home(folder: Path) -> Home:
    folder.mkdir(parents=True)
    (folder / "goodwill.yml").write_text("company: {currency: EUR}")
    (folder / "sources.yml").write_text("\n".join(line.removeprefix("    ") for line in ORDERS_SOURCE.splitlines()))
    return Home.at(folder)


def _forget_the_dead(home: Home) -> None:
    lock = audit.Lock.of(home)
    if holder := lock.holder():
        lock.path.write_text(lock.path.read_text().replace(str(holder["alive_at"]), "2020-01-01 00:00:00"))


def _problems(home: Home, *allowed: str) -> list[str]:
    """What is wrong with what readers see."""
    shown = seen(home)
    folder = home.current.resolve()
    files = next(each for each in publications(home) if each.run_id == shown).read()["files"]
    found = [f"{name} is not as its manifest says" for name, file in files.items() if digest(folder / name) != file["sha256"]]
    return found + ([] if shown in allowed else [f"{shown} is seen, not one of {allowed}"])


def kill_publishing(folder: Path, kills: int, chance: random.Random) -> tuple[Counter[str], list[str]]:
    """Kill so many; where they were killed, and what was wrong afterwards."""
    home = _home(folder)
    began = time.monotonic()
    night(home, "first", "2026-01-01")
    lasts = time.monotonic() - began
    where: Counter[str] = Counter()
    wrong: list[str] = []
    reader = Reader(home.root)
    number = 0
    while where.total() < kills:
        number += 1
        _forget_the_dead(home)
        before, run_id = str(current_run(home)), f"night-{number:04d}"
        ticket = lay_out(home, run_id, "2026-01-02")
        point = chance.choice(POINTS) if chance.random() < 0.4 else ""
        if number % 3 == 0:  # in peace
            stages.publish_night(ticket)
            stages.close_night(ticket)
            wrong += [f"{run_id}: {each}" for each in _problems(home, run_id)]
            wrong += [f"{run_id}: left {path.name}" for path in home.published.glob(".*")]
            wrong += [f"{run_id}: the ledger: {problem}" for problem in [verify_chain(home).problem] if problem]
            continue

        def act(ticket: stages.Ticket = ticket, point: str = point) -> None:
            os.environ.update(environment(f"publish: {point}" if point else ""))
            stages.publish_night(ticket)

        victim = start(act, folder.with_suffix(".log"))
        until = time.monotonic() + (60.0 if point else chance.uniform(0, lasts))
        while victim.poll() is None and time.monotonic() < until:
            time.sleep(0.0005)
        if victim.kill() < 0:
            where[f"publish: {point or 'at some moment'}"] += 1
        wrong += [f"{run_id}, killed {point or 'at some moment'}: {each}" for each in _problems(home, before, run_id)]
    saw = reader.stop()
    where["looks of a reader"] = saw.looks
    return where, [*wrong, *saw.refused, *saw.mixed]


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        where, wrong = kill_publishing(Path(folder) / "home", kills, random.Random(kills))
    for place, count in sorted(where.items()):
        print(f"{count:6d}  {place}")
    print(f"wrong: {len(wrong)}")
    for each in wrong[:20]:
        print(f"  {each}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
