"""The auditors' reports: that of a night as it ends, and that of a month when it is over."""

from __future__ import annotations

from pathlib import Path

from goodwill.clock import now
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.stages.ticket import Figures

__all__ = ["report_month", "write_audit_report"]


def write_audit_report(home: Home, run_id: str, warehouse: Path, verdict: str) -> Path:
    """The auditors' report of a night, beside its other documents; published with them where the night is."""
    from goodwill import audit_report

    company = load_business(home.business_file).company
    links = {"data_docs": "../data_docs/index.html", "report": "../report/index.html"}
    folder = home.run(run_id) / "audit_report"
    return audit_report.write_report(
        home, company, audit_report.Period(run_id=run_id), folder, links=links, warehouse=warehouse, verdict=verdict
    )


def report_month(home: str | None, month: str | None = None) -> Figures:
    """Put the auditors' report of a month on file: of the one before this, where none is named (`2026-10`).

    The month before a company began has no night and no report, which is no failure; one that is asked for must have some.
    """
    from goodwill import audit_report

    where = Home.at(home)
    period = audit_report.Period.parse(where, month) if month else audit_report.Period.month_before(now().date())
    try:
        page = audit_report.file_report(where, period)
    except audit_report.NothingRan:
        if month:
            raise
        return {"period": period.name, "nights": 0}
    return {"period": period.name, "page": page.relative_to(where.root).as_posix()}
