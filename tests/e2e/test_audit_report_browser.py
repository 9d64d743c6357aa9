"""The auditors' report in a real browser: both languages, a phone, paper, and data that want to be code."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from goodwill.audit_report import write_report
from goodwill.home import Home
from goodwill.settings import load_business

from tests.e2e.browser import NEEDS_BROWSER, Page
from tests.unit.audit_report.october import HOSTILE, OCTOBER, october

pytestmark = NEEDS_BROWSER


@pytest.fixture(params=["en", "fr"])
def report(request: pytest.FixtureRequest, make_home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    home = october(make_home, monkeypatch)
    return write_report(home, load_business(home.business_file).company, OCTOBER, tmp_path / request.param, code=request.param)


def test_it_is_silent_fits_and_can_be_read(page: Page, report: Path) -> None:
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.open(report, width=width, scheme=scheme)
            assert page.complaints() == []
            assert page.requests() == []
            assert page.value("document.documentElement.scrollWidth") == width
            assert page.faint() == [], scheme
    assert page.value("document.querySelector('h1').textContent") == HOSTILE
    assert page.value("document.documentElement.lang") == report.parent.name
    levels = page.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(head => +head.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_on_paper_the_signatures_have_a_sheet_of_their_own(page: Page, report: Path) -> None:
    page.open(report)
    sheets = pages(page)
    page.value("document.getElementById('signatures').remove()")
    assert pages(page) == sheets - 1


def pages(page: Page) -> int:
    """How many sheets of A4 the page takes."""
    printed = base64.b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", printed))
