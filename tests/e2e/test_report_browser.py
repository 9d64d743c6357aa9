"""The report in a real browser: it draws, it says nothing in the console, it fits a phone, and data cannot become code."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from goodwill.report import build_report

from tests.unit.report.report_night import HOSTILE, published_night, stopped_night

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-extensions --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"
)
PATIENCE = 60.0

pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="needs Chromium")]


class Page:
    """One page of a headless chromium, driven through its debugging pipe: no driver program, no port."""

    def __init__(self, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = f'exec "{BROWSER}" {FLAGS} --user-data-dir="{profile}" about:blank 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            pass_fds=(theirs_in, theirs_out),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(profile)},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._in, 1 << 20)
            if not chunk:
                raise RuntimeError("the browser went away")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; what the page tells meanwhile is kept in `events`."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise TimeoutError(method)

    def open(self, file: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Show a file at this size and colour scheme, and wait until its scripts have run."""
        self.events.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", media="screen", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=file.as_uri())
        deadline = time.monotonic() + PATIENCE
        while self.value("document.readyState") != "complete" and time.monotonic() < deadline:
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is worth in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, exceptions, and refused actions."""
        self.value("1")
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"])[:400] for event in self.events if event.get("method") in kinds]

    def requests(self) -> list[str]:
        """Addresses the page asked for, besides itself and data it carries."""
        asked = [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("file:", "data:"))]

    def screenshot(self, target: Path, *, whole: bool = True) -> None:
        image = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(image["data"]))

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    opened = Page(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


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
    measure = """
        (() => {
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length === 3 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
          };
          const seen = [...document.querySelectorAll('p, dt, dd, li, th, td, caption, .quiet, .mark, .note, .value, .pill, q, summary')]
            .filter((element) => element.textContent.trim() && !element.closest('.zero, .unseen'));
          return seen.map((element) => {
            const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
            return [Math.round(((a + 0.05) / (b + 0.05)) * 100) / 100, `${element.tagName}.${element.className}`];
          }).filter(([contrast]) => contrast < 4.5).slice(0, 10);
        })()
    """
    for scheme in ("light", "dark"):
        page.open(published, scheme=scheme)
        assert page.value(measure) == [], scheme
