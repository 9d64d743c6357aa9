"""The ledger of places: who was in which class, stage, distance and group on which accepted night; append-only, restored and never recomputed.

A night leaves `runs/<run_id>/segment_ledger/`; when the night is published, and only then, the folder joins `audit/segment_ledger/` under
a number of its own. It holds the people whose place changed (`changes`, everybody on the first night), and what cannot be told from
changes: the value of each customer (`values`) and the sums of the night (`sizes`, `equity`). Guest orders are in none of them. People
stand in them by the ids of their sources: the folders are for their owner alone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from goodwill.errors import GoodwillError
from goodwill.files import digest, private_folder, replace_text, sync
from goodwill.home import Home
from goodwill.segments.recorded import RECORDED, write_recorded
from goodwill.sql import literal

__all__ = ["NAME", "Ledger", "RecordedNight", "confirm", "ledger_folder", "record", "renew"]

NAME = "segment_ledger"
_FACTS = "night.json"


def ledger_folder(home: Home) -> Path:
    """Where the accepted nights are kept."""
    return home.audit / NAME


@dataclass(frozen=True)
class RecordedNight:
    """One accepted night of the ledger, in the order in which it was accepted."""

    number: int
    as_of: dt.date
    run_id: str
    folder: Path


@dataclass(frozen=True)
class Ledger:
    """The accepted nights of earlier days, oldest first: of a day that was repeated, the last one accepted."""

    nights: tuple[RecordedNight, ...] = field(default=())

    @classmethod
    def read(cls, home: Home, as_of: dt.date) -> Ledger:
        """The ledger as it stood for a night about `as_of`. A night repeated, and a night about an earlier day, read only what came before
        their day: so they decide as they did at first, whatever was accepted since.

        Raises
        ------
        GoodwillError : a night whose files are missing or were changed.
        """
        by_day = {night.as_of: night for night in _nights(home) if night.as_of < as_of}
        for night in by_day.values():
            _verify(night)
        return cls(tuple(by_day[day] for day in sorted(by_day)))

    @property
    def days(self) -> tuple[dt.date, ...]:
        return tuple(night.as_of for night in self.nights)

    def month_end(self, end: dt.date, patience_days: int) -> dt.date | None:
        """The accepted night that stands for a month-end: the last one of the `patience_days` days up to it; None where there was none."""
        first = end - dt.timedelta(days=patience_days - 1)
        return max((day for day in self.days if first <= day <= end), default=None)

    def open(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write `model.recorded_nights` and the other `model.recorded_…` tables; those of a first night are empty."""
        files = {name: [str(night.folder / f"{name}.parquet") for night in self.nights] for name in RECORDED}
        files["values"] = files["values"][-1:]
        write_recorded(connection, [(night.as_of, night.run_id) for night in self.nights], files)


def record(home: Home, run_id: str, as_of: dt.date, connection: duckdb.DuckDBPyConnection) -> Path:
    """Leave this night's part of the ledger beside its record, to be confirmed when it is published.

    Parameters
    ----------
    connection : the night's warehouse with all its marts.
    """
    folder = home.run(run_id) / NAME
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    digests = {}
    for name, table in RECORDED.items():
        path = folder / f"{name}.parquet"
        query = table.tonight.format(day=f"date {literal(as_of.isoformat())}")
        connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)")
        digests[path.name] = digest(path)
    replace_text(folder / _FACTS, json.dumps({"run_id": run_id, "as_of": as_of.isoformat(), "files": digests}, indent=1))
    return folder


def confirm(home: Home, run_id: str) -> bool:
    """Append the folder of a published run to the ledger, once, and never that of a night about an earlier day than the newest.

    Returns
    -------
    Whether it was appended.
    """
    said = home.run(run_id) / NAME
    if not (said / _FACTS).exists():
        return False
    as_of = dt.date.fromisoformat(json.loads((said / _FACTS).read_text(encoding="utf-8"))["as_of"])
    nights = _nights(home)
    if any(night.run_id == run_id or night.as_of > as_of for night in nights):
        return False
    ledger = ledger_folder(home)
    private_folder(ledger)
    number = max((night.number for night in nights), default=0) + 1
    beside = ledger / f".{run_id}"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(said, beside)
    for path in beside.iterdir():
        sync(path)
    os.rename(beside, ledger / f"{number:06d}_{as_of.isoformat()}_{run_id}")
    sync(ledger)
    return True


def renew(home: Home, changing: Callable[[Path], None]) -> None:
    """After an erasure, which alone may change what was accepted: write down the digests of the files as they are now.

    Parameters
    ----------
    changing : called right before a list of digests is changed.
    """
    places = [*ledger_folder(home).glob(f"*/{_FACTS}"), *(home.root / "runs").glob(f"*/{NAME}/{_FACTS}")]
    for path in sorted(places):
        facts = json.loads(path.read_text(encoding="utf-8"))
        now = {name: digest(path.parent / name) for name in facts["files"]}
        erased = sorted(name for name, said in facts["files"].items() if now[name] != said)
        if erased:
            changing(path)
            replace_text(path, json.dumps({**facts, "files": now, "erased_in": sorted({*facts.get("erased_in", []), *erased})}, indent=1))


def _nights(home: Home) -> list[RecordedNight]:
    """Every night of the ledger, in the order in which they were accepted."""
    found = []
    for folder in sorted(ledger_folder(home).glob("[0-9]*_*_*")):
        number, day, run_id = folder.name.split("_", 2)
        found.append(RecordedNight(int(number), dt.date.fromisoformat(day), run_id, folder))
    return sorted(found, key=lambda night: night.number)


def _verify(night: RecordedNight) -> None:
    """The files of a night are those that were accepted."""
    try:
        wanted = json.loads((night.folder / _FACTS).read_text(encoding="utf-8"))["files"]
        changed = [name for name, said in wanted.items() if digest(night.folder / name) != said]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GoodwillError(
            f"audit/{NAME}/{night.folder.name} cannot be read ({error})",
            "restore the folder from a backup, or remove it: where people stood on that night is then not known",
        ) from error
    if changed:
        raise GoodwillError(
            f"audit/{NAME}/{night.folder.name}: {', '.join(changed)} is not what was accepted",
            "restore the folder from a backup, or remove it: where people stood on that night is then not known",
        )
