"""Everything a report of a period says, measured once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from goodwill import audit
from goodwill.audit.heads import Head
from goodwill.audit.ledger import Entry
from goodwill.audit.proving import believed
from goodwill.audit.version import code_version
from goodwill.audit_report.checking import Checks, read_checks
from goodwill.audit_report.intake import Landed, Total, landed, read_rejected, read_totals, totals
from goodwill.audit_report.period import Period
from goodwill.audit_report.running import Change, Decision, Run, changes, decisions, read_run
from goodwill.clock import now
from goodwill.drift import MOVED, Drift, Finding, read_drift
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.report.intake import Rejection
from goodwill.settings.business import Company

__all__ = ["Facts", "NothingRan", "Watched", "gather"]


class NothingRan(GoodwillError):  # noqa: N818 (it is no error of a month to be quiet)
    """There is no night to report on."""


@dataclass(frozen=True)
class Watched:
    """A quantity of a period whose drift is told: the finding of the last night it is told of, and of how many nights it is."""

    run_id: str
    finding: Finding
    nights: int


@dataclass(frozen=True)
class Facts:
    """What is told of a period. `ledger_problem` names the first row that cannot be believed; empty where all hold."""

    company: str
    currency: str
    period: Period
    made_at: dt.datetime
    code_version: str
    is_over: bool
    head: Head | None
    ledger_rows: int
    ledger_problem: str
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    decisions: tuple[Decision, ...]
    batches: tuple[Landed, ...]
    totals: tuple[Total, ...]
    rejections: tuple[Rejection, ...]
    checks: Checks
    drift: tuple[Watched, ...]
    drift_measured: int
    drift_nights: int

    @property
    def nights(self) -> list[Run]:
        """The runs that began: one that found another at work was refused."""
        return _nights(self.runs)

    @property
    def published(self) -> list[Run]:
        return [run for run in self.runs if run.verdict == "published"]

    @property
    def moved(self) -> list[Watched]:
        return [each for each in self.drift if each.finding.verdict == MOVED]


def gather(home: Home, company: Company, period: Period, warehouse: Path | None = None, verdict: str | None = None) -> Facts:
    """Measure a period.

    Parameters
    ----------
    warehouse : that of a night which is not on record as published yet.
    verdict : how that night ends: its report is made before the last stage, and lies in what that publishes.

    Raises
    ------
    NothingRan : no night began in the period.
    """
    zone = company.business_time_zone
    every = [read_run(record) for record in audit.read_runs(home)]
    runs = [run for run in every if run.started_at and period.holds(run.run_id, run.started_at, zone)]
    if verdict:
        runs = [replace(run, verdict=verdict, is_current=True, finished_at=str(now())) for run in runs]
    if not runs:
        raise NothingRan(f"no night ran in {period.name}", "goodwill status --last 1000 lists those there are")
    earlier = [run for run in every if run.started_at < runs[0].started_at]
    chain = believed(home)
    entries = list(chain.entries)  # what comes after the first bad row is not to be believed
    of_period = _entries(entries, period, runs, earlier, zone)
    found = [(run, drift) for run in runs if (drift := read_drift(home.run(run.run_id)))]
    return Facts(
        company=company.name,
        currency=company.currency,
        period=period,
        made_at=now(),
        code_version=code_version(),
        is_over=period.is_over(now(), zone),
        head=chain.head,
        ledger_rows=len(chain.entries),
        ledger_problem=chain.problem,
        runs=tuple(runs),
        changes=changes(home, runs, earlier[-1] if earlier else None),
        decisions=decisions(of_period),
        batches=landed(of_period),
        totals=_totals(entries, runs, warehouse),
        rejections=_rejected(home, runs, warehouse),
        checks=read_checks(home, [run.run_id for run in _nights(runs)]),
        drift=_watched(found),
        drift_measured=sum(len(drift.findings) for _, drift in found),
        drift_nights=max((len(drift.nights) for _, drift in found), default=0),
    )


def _nights(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.verdict != "refused"]


def _entries(entries: list[Entry], period: Period, runs: list[Run], earlier: list[Run], zone: str) -> list[Entry]:
    """The rows of the ledger of the period; of a night, with what was done by hand since the end of the one before."""
    if period.month:
        return [entry for entry in entries if period.holds(None, entry.at, zone)]
    since = max((run.finished_at or run.started_at for run in earlier), default="")
    until = runs[-1].finished_at or "9999"
    return [entry for entry in entries if since < entry.at <= until or entry.facts.get("run_id") == period.run_id]


def _totals(entries: list[Entry], runs: list[Run], warehouse: Path | None) -> tuple[Total, ...]:
    mine = {run.run_id for run in runs}
    publications = [entry for entry in entries if entry.kind == "publication"]
    of_period = [entry for entry in publications if entry.facts["run_id"] in mine]
    started = runs[0].started_at
    before = [entry for entry in publications if entry.at < started and entry.facts.get("becomes_current")]
    was = before[-1].facts["totals"] if before else []
    given = of_period[-1].facts["totals"] if of_period else read_totals(warehouse) if warehouse else []
    return totals(given, was)


def _rejected(home: Home, runs: list[Run], warehouse: Path | None) -> tuple[Rejection, ...]:
    kept = [home.published / run.run_id / "goodwill.duckdb" for run in reversed(runs)]
    place = warehouse or next((path for path in kept if path.is_file()), None)
    return read_rejected(place) if place else ()


def _watched(found: list[tuple[Run, Drift]]) -> tuple[Watched, ...]:
    """Each quantity that moved or is to be watched, in the last night of it; what moved first, then by PSI. Of one night all is told."""
    told: dict[tuple[str, str, str], list[tuple[Run, Finding]]] = {}
    for run, drift in found:
        for finding in drift.findings if len(found) == 1 else drift.with_verdict(MOVED, "watch"):
            told.setdefault((finding.source, finding.entity, finding.measure), []).append((run, finding))
    last = [Watched(each[-1][0].run_id, each[-1][1], len(each)) for each in told.values()]
    worth = {verdict: place for place, verdict in enumerate((MOVED, "watch"))}
    return tuple(
        sorted(
            last,
            key=lambda each: (worth.get(each.finding.verdict, 2), -(each.finding.value or 0), each.finding.source, each.finding.measure),
        )
    )
