"""The night itself: its identity, its stages, and, when it stopped, where and why. From `run.json`, `stages.jsonl` and `control.night`."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goodwill.audit import RunRecord
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.report.formats import words
from goodwill.report.reading import Warehouse
from goodwill.settings import load_business
from goodwill.settings.business import flat_settings

__all__ = ["Night", "Stage", "Stop", "read_night"]

_GATE = re.compile(r"blocked at the '(?P<gate>[^']+)' gate")
_DEFAULT_REMEDY = {
    "blocked": "Look at the failed rules and the rejected rows below, correct the source or its mapping, and run the night again.",
    "failed": "Read the message above and the log of this run, correct the cause, and run the night again.",
}


@dataclass(frozen=True)
class Stage:
    """One stage: how it ended, how long it took (seconds) and when it began (seconds after the first stage)."""

    name: str
    status: str
    begins: float
    seconds: float | None
    message: str = ""

    @property
    def label(self) -> str:
        text = words(self.name).replace("clv", "CLV")
        return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Stop:
    """Why nothing was published: the stage, the gate when it was one, what failed and what to do."""

    stage: str
    gate: str | None
    headline: str
    failures: tuple[str, ...]
    remedy: str


@dataclass(frozen=True)
class Night:
    """What identifies the night, and what it did."""

    run_id: str
    verdict: str
    company: str
    currency: str
    as_of: dt.date | None
    started_at: dt.datetime | None
    seconds: float | None
    stages: tuple[Stage, ...]
    stop: Stop | None
    record: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def _parse_moment(value: object) -> dt.datetime | None:
    """An ISO text or a time stamp as naive UTC; None when it is neither."""
    if isinstance(value, dt.datetime):
        moment = value
    else:
        try:
            moment = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError:
            return None
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _parse_day(value: object) -> dt.date | None:
    moment = _parse_moment(value)
    return moment.date() if moment else None


def _read_record(run_dir: Path) -> dict[str, Any]:
    try:
        record = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _settings(warehouse: Warehouse, run_dir: Path) -> dict[str, Any]:
    """The settings the night was run with, in its warehouse or its publication; of a night that stopped before it had one, those of its home."""
    for table in ("control.night", "audit.settings"):
        if warehouse.has(table):
            return {name: value for name, value in warehouse.row(f"select * from {table} limit 1").items() if not name.startswith("_")}
    try:
        return flat_settings(load_business(Home(run_dir.parent.parent).business_file))
    except GoodwillError:
        return {}


def _stages(events: list[dict[str, Any]]) -> tuple[Stage, ...]:
    """One stage per name in order of appearance; its last line tells how it ended (a retried stage counts its last attempt)."""
    started: dict[str, dt.datetime | None] = {}
    last: dict[str, dict[str, Any]] = {}
    for event in events:
        name = str(event["stage"])
        last[name] = event
        moment = _parse_moment(event.get("at"))
        if event.get("status") == "started" or name not in started:
            seconds = event.get("seconds") or 0
            started[name] = moment - dt.timedelta(seconds=float(seconds)) if moment else None
    known = [moment for moment in started.values() if moment]
    origin = min(known) if known else None
    return tuple(
        Stage(
            name=name,
            status=str(event.get("status") or "started"),
            begins=(moment - origin).total_seconds() if origin and (moment := started[name]) else 0.0,
            seconds=None if event.get("seconds") is None else float(event["seconds"]),
            message=str(event.get("message") or ""),
        )
        for name, event in last.items()
    )


def _stop(verdict: str, stages: tuple[Stage, ...], events: list[dict[str, Any]]) -> Stop | None:
    if verdict == "published":
        return None
    guilty = next((stage for status in (verdict, "blocked", "failed") for stage in stages if stage.status == status), None)
    unfinished = guilty or next((stage for stage in reversed(stages) if stage.status == "started"), None)
    if unfinished is None:
        return Stop("before the first stage", None, "The night stopped before its first stage ended.", (), _DEFAULT_REMEDY["failed"])
    if guilty is None:
        return Stop(
            unfinished.label, None, "The stage began and never reported its end: its process was stopped.", (), _DEFAULT_REMEDY["failed"]
        )
    detail = next((event.get("detail") for event in reversed(events) if event["stage"] == guilty.name and event.get("detail")), None)
    detail = detail if isinstance(detail, dict) else {}
    text, _, remedy = guilty.message.partition("remedy:")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    failures = tuple(line.removeprefix("- ") for line in lines if line.startswith("- "))
    headline = " ".join(line for line in lines if not line.startswith("- ")).rstrip(":") or f"{guilty.label} {guilty.status}"
    gate = _GATE.search(headline)
    return Stop(
        stage=guilty.label,
        gate=gate["gate"] if gate else detail.get("boundary"),
        headline=re.sub("^blocked", "Blocked", headline),
        failures=failures or tuple(str(failure) for failure in detail.get("failures") or ()),
        remedy=remedy.strip() or str(detail.get("remedy") or "") or _DEFAULT_REMEDY.get(verdict, _DEFAULT_REMEDY["failed"]),
    )


def read_night(warehouse: Warehouse, run_dir: Path, verdict: str | None = None) -> Night:
    """The night of `run_dir`.

    Parameters
    ----------
    verdict : how the night ends, when its record does not say it yet: the report is made before the last stage.
    """
    record = _read_record(run_dir)
    events = RunRecord(run_dir).stages()
    settings = _settings(warehouse, run_dir)
    stages = _stages(events)
    verdict = verdict or str(record.get("verdict") or "failed")
    ends = [stage.begins + stage.seconds for stage in stages if stage.seconds is not None]
    return Night(
        run_id=str(record.get("run_id") or settings.get("run_id") or run_dir.name),
        verdict=verdict,
        company=str(settings.get("company_name") or record.get("company") or record.get("home") or "Goodwill"),
        currency=str(settings.get("company_currency") or ""),
        as_of=_parse_day(record.get("as_of")) or _parse_day(settings.get("as_of")),
        started_at=_parse_moment(record.get("started_at")) or _parse_moment(settings.get("started_at")),
        seconds=max(ends) if ends else None,
        stages=stages,
        stop=_stop(verdict, stages, events),
        record=record,
        settings=settings,
    )
