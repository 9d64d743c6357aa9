"""The report as a folder: one HTML page that needs nothing else, and its tables as CSV beside it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from goodwill.audit_report.facts import Facts, gather
from goodwill.audit_report.language import Language
from goodwill.audit_report.period import Period
from goodwill.audit_report.tables import write_tables
from goodwill.audit_report.wording import ABOUT, NAMES, opinion
from goodwill.files import digest, replace_text
from goodwill.home import Home
from goodwill.report import stylesheet
from goodwill.settings.business import Company

__all__ = ["PAGE", "render", "write_report"]

PAGE = "index.html"
#: How many batches and rules that held are printed; the CSV beside the page has all.
_PRINTED = 40


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("goodwill.audit_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        count=language.count,
        figure=language.figure,
        amount=language.amount,
        percent=language.percent,
        day=language.day,
        month=language.month,
        moment=language.moment,
        duration=language.duration,
        named=lambda code: language.say(NAMES.get(code, str(code).replace("_", " "))) if code else language.say(None),
        told=lambda word: language.say(ABOUT.get(word, word)),
        said=language.say,
    )
    return environment


def render(facts: Facts, language: Language, links: dict[str, str], tables: dict[str, str]) -> str:
    """The page.

    Parameters
    ----------
    links : what stands beneath the report → where, seen from the page (`data_docs`, `report`).
    tables : CSV file beside the page → its SHA-256.
    """
    style = stylesheet() + resources.files("goodwill.audit_report").joinpath("assets", "audit_report.css").read_text(encoding="utf-8")
    context: dict[str, Any] = {
        "facts": facts,
        "language": language,
        "opinion": opinion(facts, language),
        "links": links,
        "tables": tables,
        "printed": _PRINTED,
        "style": Markup(style),  # noqa: S704 (our own files, no data in them)
    }
    return _environment(language).get_template("page.html.j2").render(context)


def write_report(
    home: Home,
    company: Company,
    period: Period,
    folder: Path,
    *,
    code: str | None = None,
    links: dict[str, str] | None = None,
    warehouse: Path | None = None,
    verdict: str | None = None,
) -> Path:
    """Write the report of a period into `folder`; returns the page.

    Parameters
    ----------
    code : the language; without it that of the settings.
    links : see `render`; what is not there is not linked.
    warehouse, verdict : of a night that has not ended: what it worked on, and how it ends.

    Raises
    ------
    GoodwillError : nothing ran in the period.
    """
    facts = gather(home, company, period, warehouse, verdict)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {path.name: digest(path) for path in write_tables(facts, folder)}
    there = {name: place for name, place in (links or {}).items() if (folder / place).exists()}
    page = folder / PAGE
    replace_text(page, render(facts, Language(code or company.language, company.business_time_zone), there, tables))
    return page
