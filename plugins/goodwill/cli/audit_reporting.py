"""`goodwill audit report` and `goodwill audit sign`: the auditors' report of a night or a month, and who answers for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goodwill import audit_report
from goodwill.audit_report.language import LANGUAGES
from goodwill.cli.options import ByOption, HomeOption, console
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.publish import current_run
from goodwill.settings import load_business

__all__ = ["report", "sign"]

PeriodArgument = Annotated[
    str | None, typer.Argument(metavar="[RUN|MONTH]", help="A run, or a month as 2026-10; without it what readers see.")
]


def report(
    period: PeriodArgument = None,
    home: HomeOption = None,
    language: Annotated[str | None, typer.Option(help=f"{' or '.join(LANGUAGES)}; without it that of goodwill.yml.")] = None,
    into: Annotated[Path | None, typer.Option(metavar="DIR", help="Write it to a new folder, not on file.")] = None,
) -> None:
    """Write the auditors' report of a night or a month: a page to read, print and sign, and its tables as CSV."""
    where = Home.at(home)
    if language and language not in LANGUAGES:
        raise GoodwillError(f"there is no report in {language!r}", f"choose one of: {', '.join(LANGUAGES)}")
    about = _period(where, period)
    if into is None:
        page = audit_report.file_report(where, about, language)
    elif into.exists() and any(into.iterdir()):
        raise GoodwillError(f"{into} is not empty", "name a new folder")
    else:
        page = audit_report.write_report(where, load_business(where.business_file).company, about, into, code=language)
    console().print(f"report    {page}")
    if into is None:
        console().print(f"sign it   goodwill audit sign {about.name} --by NAME --role ROLE")


def sign(
    by: ByOption,
    role: Annotated[str, typer.Option(metavar="ROLE", help="As what: prepared, reviewed, accepted …")],
    period: PeriodArgument = None,
    home: HomeOption = None,
    remark: Annotated[str, typer.Option(metavar="TEXT", help="What there is to remark.")] = "",
) -> None:
    """Sign a report on file: a row of the ledger, with the digest of the page that was read."""
    where = Home.at(home)
    head = audit_report.sign(where, _period(where, period), by, role, remark)
    console().print(f"signed; head of the ledger: {head}")


def _period(home: Home, text: str | None) -> audit_report.Period:
    name = text or current_run(home)
    if not name:
        raise GoodwillError("nothing is published yet", "name a run (goodwill status lists them), or a month as 2026-10")
    return audit_report.Period.parse(home, name)
