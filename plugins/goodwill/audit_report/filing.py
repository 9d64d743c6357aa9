"""Reports on file: written under `audit/reports/`, sealed in the ledger, and signed there by those who answer for them."""

from __future__ import annotations

from pathlib import Path

from goodwill import audit
from goodwill.audit.heads import Head
from goodwill.audit.ledger import read_entries
from goodwill.audit.seals import last_seals, seal
from goodwill.audit_report.page import PAGE, write_report
from goodwill.audit_report.period import Period
from goodwill.errors import GoodwillError
from goodwill.files import digest
from goodwill.home import Home
from goodwill.settings import load_business

__all__ = ["file_report", "reports", "sign"]


def reports(home: Home) -> Path:
    """Where the reports on file are, a folder each."""
    return home.audit / "reports"


def file_report(home: Home, period: Period, language: str | None = None) -> Path:
    """Write the report of a period to `audit/reports/<period>/` and seal it; returns the page.

    Raises
    ------
    GoodwillError : nothing ran in the period; the report on file is signed.
    """
    folder = reports(home) / period.name
    signed = [entry for entry in read_entries(home) if entry.kind == "sign_off" and entry.facts.get("period") == period.name]
    if signed and (folder / PAGE).exists():
        raise GoodwillError(
            f"the report of {period.name} was signed by {signed[-1].facts['by']}",
            "write another beside it: goodwill audit report … --into DIR",
        )
    above = f"../../../published/{period.run_id}"
    links = {"data_docs": f"{above}/data_docs/index.html", "report": f"{above}/report/index.html"} if period.run_id else {}
    page = write_report(home, load_business(home.business_file).company, period, folder, code=language, links=links)
    audit.append(home, "report", {"period": period.name, "seals": seal(home, *sorted(folder.iterdir()))})
    return page


def sign(home: Home, period: Period, by: str, role: str, remark: str) -> Head:
    """Sign a report on file: who, as what, and what they have to remark, with the digest of what they read.

    Raises
    ------
    GoodwillError : it is not on file; it is no longer as it was filed; a name or a role is missing.
    """
    page = reports(home) / period.name / PAGE
    if not by.strip() or not role.strip():
        raise GoodwillError("a signature needs a name and a role", "give both: --by NAME --role ROLE")
    if not page.exists():
        raise GoodwillError(f"no report of {period.name} is on file", f"write it first: goodwill audit report {period.name}")
    known = last_seals(home)
    for name, sha256 in seal(home, *sorted(page.parent.iterdir())).items():
        if name not in known or known[name].sha256 != sha256:
            raise GoodwillError(f"{name} is not as it was filed", f"file it anew and read it again: goodwill audit report {period.name}")
    facts = {"period": period.name, "by": by.strip(), "role": role.strip(), "remark": remark.strip(), "sha256": digest(page)}
    return audit.append(home, "sign_off", facts).head
