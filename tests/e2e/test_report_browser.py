"""The report in a real browser: it draws, it says nothing in the console, it fits a phone, and data cannot become code."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from goodwill.report import build_report

from tests.e2e.browser import NEEDS_BROWSER, Page
from tests.unit.report.report_night import HOSTILE, published_night, stopped_night

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    night = published_night(folder, company=HOSTILE)
    return build_report(night.warehouse, night.run, folder / "index.html", verdict="published")


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blocked")
    message = f"blocked at the 'staged' gate:\n  - ORD-3 on orders: {HOSTILE}\n  remedy: correct it"
    night = stopped_night(folder, parts=2, stage="validate staged", status="blocked", message=message, company=HOSTILE)
    return build_report(night.warehouse, night.run, folder / "index.html", verdict="blocked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_in_silence(page: Page, published: Path, width: int, scheme: str) -> None:
    page.open(published, width=width, scheme=scheme)
    boxes = page.value("document.querySelectorAll('[data-chart]').length")
    assert boxes == 5
    assert page.value("document.documentElement.dataset.drawn") == "5"
    drawn = page.value("[...document.querySelectorAll('[data-chart] svg')].map(svg => svg.querySelectorAll('path').length)")
    assert len(drawn) == boxes
    assert min(drawn) > 5, "each chart has marks, not a frame only"
    assert page.complaints() == []
    assert page.requests() == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("which", ["published", "blocked"])
def test_nothing_sticks_out_at_the_side(page: Page, request: pytest.FixtureRequest, which: str, width: int) -> None:
    page.open(request.getfixturevalue(which), width=width)
    assert page.value("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("which", ["published", "blocked"])
def test_data_never_become_code(page: Page, request: pytest.FixtureRequest, which: str) -> None:
    page.open(request.getfixturevalue(which))
    assert page.value("document.title") != "owned"
    assert page.value("document.querySelectorAll('img').length") == 0
    assert page.value("document.querySelector('h1').textContent") == HOSTILE


def test_a_foreign_script_is_refused_even_inside_the_page(page: Page, published: Path, tmp_path: Path) -> None:
    """The second wall: were a value ever written unescaped, the policy of the page would still not run it."""
    broken = tmp_path / "broken.html"
    broken.write_text(
        published.read_text(encoding="utf-8").replace("</body>", "<script>document.title='owned'</script></body>"), encoding="utf-8"
    )
    page.open(broken)
    assert page.value("document.title") != "owned"
    assert any("Content Security Policy" in complaint for complaint in page.complaints())


def test_light_and_dark_have_their_own_colours_and_paper_is_light(page: Page, published: Path) -> None:
    ink = "getComputedStyle(document.body).color"
    stroke = "document.querySelector('[data-chart=concentration] svg path[stroke-width=\"3\"]').getAttribute('stroke')"
    page.open(published, scheme="light")
    light = (page.value(ink), page.value(stroke))
    page.open(published, scheme="dark")
    dark = (page.value(ink), page.value(stroke))
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert (page.value(ink), page.value(stroke)) == light
    page.value("dispatchEvent(new Event('afterprint'))")
    assert page.value(stroke) == dark[1]


def test_the_page_can_be_read_without_seeing_it(page: Page, published: Path) -> None:
    page.open(published)
    assert page.value("document.querySelectorAll('h1').length") == 1
    assert page.value(
        "[...document.querySelectorAll('[data-chart]')].every(box => box.getAttribute('role') === 'img' && box.ariaLabel.length > 20)"
    )
    levels = page.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(head => +head.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert page.value("[...document.querySelectorAll('nav a')].every(link => document.getElementById(link.hash.slice(1)))")


def test_text_stands_out_from_what_is_behind_it(page: Page, published: Path) -> None:
    """At least 4.5 to 1 (WCAG AA) in both schemes, for running text, notes, marks and every step of the heat scale."""
    for scheme in ("light", "dark"):
        page.open(published, scheme=scheme)
        assert page.faint() == [], scheme
