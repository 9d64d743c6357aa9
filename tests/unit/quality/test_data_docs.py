"""The site of a night's checks opens from a folder, asks nobody else for anything, and runs nothing that the data say."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from goodwill.errors import GoodwillError
from goodwill.quality import ValidationSummary, build_data_docs
from goodwill.quality.data_docs import _offline

from tests.unit.quality.conftest import rule

SCRIPT = "<script>document.title=''pwned''</script><img src=x onerror=alert(1)>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FOREIGN = re.compile(r"unpkg\.com|jsdelivr\.net|cdnjs\.cloudflare\.com|bootstrapcdn\.com|jquery\.com|amazonaws\.com|greatexpectations\.io")


@pytest.fixture
def site(run: Callable[..., ValidationSummary], tmp_path: Path) -> Path:
    run(
        rule("A-3", "expect_column_values_to_be_in_set", column="kind", value_set=["a"], meta={"show_values": True}),
        rule("A-4", "expect_column_values_to_be_in_set", column="email", value_set=["nobody"]),
        rule("A-5", "expect_column_values_to_not_be_null", "warning", column="nowhere"),
        sql=f"update marts.things set kind = '{SCRIPT}', id = '{SCRIPT}' where id = 't3'",
    )
    return build_data_docs(tmp_path / "run", tmp_path / "site").parent


def _pages(site: Path) -> dict[str, str]:
    return {page.relative_to(site).as_posix(): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}


def test_there_is_a_page_for_the_results_of_each_table_and_for_its_rules(site: Path) -> None:
    pages = _pages(site)
    assert sorted(name.split("/")[0] for name in pages) == ["expectations", "index.html", "validations"]
    results = next(text for name, text in pages.items() if name.startswith("validations"))
    for wanted in ("A-3 (critical): The rule A-3 holds.", "A-5 (warning)", "marts.things"):
        assert wanted in results


def test_no_page_asks_another_host_for_anything(site: Path) -> None:
    for name, text in _pages(site).items():
        asked = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?([^\"' >]+)", text)
        assert asked, name
        for address in asked:
            assert not re.match(r"(?:https?:)?//", address), (name, address)
            assert (site / Path(name).parent / address).resolve().is_file(), (name, address)
        assert not re.search(r"url\([\"']?(?:https?:)?//|integrity=|newsletter", text), name
    for file in (site / "static").rglob("*"):
        if file.suffix in (".css", ".js"):
            assert not re.search(r"url\([\"']?https?:|@import|sourceMappingURL", file.read_text(encoding="utf-8")), file.name


def test_values_of_the_data_are_inert_and_personal_ones_are_not_there(site: Path) -> None:
    everything = "".join(_pages(site).values())
    assert "\u2039script\u203a" in everything
    assert not re.search(r"<script>document\.title|<img src=x", everything)
    assert "doe.example" not in everything


def test_a_second_site_replaces_the_first_whole(site: Path, tmp_path: Path) -> None:
    (site / "stale.html").write_text("old")
    build_data_docs(tmp_path / "run", site)
    assert not (site / "stale.html").exists()
    assert not site.with_name("site.unfinished").exists()


def test_a_site_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GoodwillError, match="no validation documents"):
        build_data_docs(tmp_path / "empty", tmp_path / "site")


def test_a_page_that_great_expectations_could_not_make_is_noticed(
    run: Callable[..., ValidationSummary],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It logs the error and goes on; the site would silently lack a table."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    def fail(*_: object) -> None:
        raise RuntimeError("no page")

    run()
    monkeypatch.setattr(ValidationResultsPageRenderer, "render", fail)
    with pytest.raises(GoodwillError, match="validations: Great Expectations made 0 pages of 1"):
        build_data_docs(tmp_path / "run", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_foreign_asset_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GoodwillError, match=r"x\.html: asks a foreign host for https://cdn\.example/new\.js"):
        _offline('<head></head><script src="https://cdn.example/new.js?v=1"></script>', tmp_path / "x.html", tmp_path)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_the_tables_and_asks_nobody(site: Path, tmp_path: Path) -> None:
    page = next((site / "validations").rglob("*.html"))
    log = tmp_path / "net.json"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--log-net-log={log}",
    ]
    answer = subprocess.run([str(CHROMIUM), *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    assert 'class="bootstrap-table' in answer.stdout  # the table library ran, from the site's own copy
    assert "<title>pwned" not in answer.stdout
    assert not FOREIGN.search(log.read_text())
