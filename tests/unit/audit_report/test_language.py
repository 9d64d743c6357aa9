"""The French of the auditors' report: whole, without leftovers, and with the figures in their places; figures in the forms of each language."""

from __future__ import annotations

import datetime as dt
import re
from importlib import resources
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from goodwill.audit_report.language import LANGUAGES, Language

from tests.structure.project import ROOT

PACKAGE = Path(str(resources.files("goodwill.audit_report")))
PLACES = re.compile(r"%\(\w+\)s|</?strong>")


def catalogue(code: str, name: str) -> Catalog:
    return read_po(BytesIO((PACKAGE / "locale" / code / f"{name}.po").read_bytes()), locale=code)


def said(catalog: Catalog) -> dict[str, str | tuple[str, ...]]:
    """Message, or message in the singular → its translation."""
    return {(message.id if isinstance(message.id, str) else message.id[0]): message.string for message in catalog if message.id}


def written() -> dict[str, str]:
    """Everything that the page says, with the file it stands in."""
    keywords = {"_": None, "N_": None, "gettext": None, "many": (1, 2), "ngettext": (1, 2)}
    methods = [("**.py", "python"), ("templates/**.j2", "jinja2")]
    found = extract_from_dir(str(PACKAGE), method_map=methods, keywords=keywords)
    return {(message if isinstance(message, str) else message[0]): file for file, _, message, _, _ in found}


def rules() -> set[str]:
    """What every expectation says should hold."""
    suites = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "expectations").rglob("*.yml"))
    return {each["description"].strip() for suite in suites for each in suite.get("expectations", ())}


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize(("name", "english"), [("page", lambda: set(written())), ("rules", rules)])
def test_everything_is_translated_and_nothing_is_left_over(code, name, english):
    there = said(catalogue(code, name))
    assert english() - set(there) == set(), f"locale/{code}/{name}.po lacks these"
    assert set(there) - english() == set(), f"locale/{code}/{name}.po has these, which nobody says any more"
    assert [message for message, text in there.items() if not (text if isinstance(text, str) else all(text))] == []


@pytest.mark.parametrize("name", ["page", "rules"])
def test_a_translation_has_every_figure_of_its_text(name):
    for message, text in said(catalogue("fr", name)).items():
        for each in [text] if isinstance(text, str) else text:
            assert sorted(PLACES.findall(each)) == sorted(PLACES.findall(message)), each


def test_figures_are_written_as_the_language_writes_them():
    english, french = Language("en", "Europe/Paris"), Language("fr", "Europe/Paris")
    assert (english.amount("1234567.5"), french.amount("1234567.5")) == ("1,234,567.50", "1\u202f234\u202f567,50")
    assert (english.count(None), english.figure(0.126), french.figure(0.126)) == ("\u2013", "0.13", "0,13")
    assert (english.day("2026-10-04"), french.day(dt.date(2026, 10, 4))) == ("4 October 2026", "4 octobre 2026")
    assert french.month(dt.date(2026, 8, 1)) == "août 2026"
    assert english.percent(0.1234) == "12.3 %"


def test_moments_are_those_of_the_business_time_zone():
    assert Language("en", "Europe/Paris").moment("2026-10-04 22:30:00") == "5 Oct 2026, 00:30"
    assert Language("en", "UTC").moment("2026-10-04 22:30:00") == "4 Oct 2026, 22:30"


def test_none_is_one_in_french_and_many_in_english():
    one, many = (
        "%(moved)s quantity has moved against the last good nights.",
        "%(moved)s quantities have moved against the last good nights.",
    )
    assert Language("en", "UTC").ngettext(one, many, 0) == many
    assert Language("fr", "UTC").ngettext(one, many, 0).startswith("%(moved)s grandeur a ")
    assert Language("fr", "UTC").ngettext(one, many, 2).startswith("%(moved)s grandeurs ont ")


def test_what_has_no_translation_is_said_as_it_is():
    assert Language("fr", "UTC").say("a rule of tomorrow") == "a rule of tomorrow"
    assert Language("fr", "UTC").say("Each order is there once.") == "Chaque commande y figure une fois."
