"""REST: a look, a pull from the cursor on, and one that goes on where it was cut off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from goodwill.extract import active_batches
from goodwill.sources import load_sources
from goodwill.sources.connectors.protocol import Approach, Labels
from goodwill.sources.connectors.rest import CONNECTOR
from goodwill.sources.credentials import resolve

from tests.unit.sources.rest.server import Asked, Says, Server, serving
from tests.unit.sources.rest.service import ORDERS, WAYS, by_cursor, by_page, ids, order, refused


def approach(home, **more: object) -> Approach:
    return Approach(home.root, "UTC", home.landing / "shop" / ".unfinished", resolve, **more)


def test_a_look_reads_no_more_than_asked_and_disturbs_nothing(shop, tmp_path):
    with serving(by_page) as server:
        home, _ = shop(server, total="n")
        home, _ = shop(server)
        (home.landing / "shop" / ".unfinished").mkdir(parents=True)
        (part,) = CONNECTOR.parts(load_sources(home.sources_file).sources[0], approach(home, limit=4))
        columns = part.columns()
        assert part.write(tmp_path, columns, Labels("b", "orders", "2025-01-01 00:00:00")).rows == 4
        assert server.pages() == ["1", "2"]
    assert list((home.landing / "shop" / ".unfinished").iterdir()) == []


SINCE = {
    "iso": ({}, lambda number: f"2025-03-{number:02d}T10:00:00Z", "2025-03-06T10:00:00Z"),
    "date": ({"format": "date"}, lambda number: f"2025-03-{number:02d}T10:00:00Z", "2025-03-06"),
    "epoch_s": ({"format": "epoch_s"}, lambda number: f"2025-03-{number:02d}T10:00:00+00:00", "1741255200"),
    "pattern": ({"format": "%d.%m.%Y %H:%M"}, lambda number: f"2025-03-{number:02d} 10:00:00", "06.03.2025 10:00"),
    "number": ({}, lambda number: number * 2, "13"),
}


@pytest.mark.parametrize("case", SINCE)
def test_the_next_pull_asks_from_the_cursor_less_the_look_back(shop, case):
    since, stamp, expected = SINCE[case]
    orders = [order(number, changed=stamp(number)) for number in range(1, 8)]

    def answer(asked: Asked) -> Says:
        since_then = asked.query.get("since")
        return Says({"data": orders if since_then is None else orders[-2:]})

    with serving(answer) as server:
        home, land = shop(server, pagination=None, load="incremental", cursor="changed", since={"parameter": "since", **since})
        assert land()["rows"] == 7
        orders.append(order(8, changed=stamp(8)))
        assert land()["rows"] == 2
        assert server.pages("since") == [None, expected]
        high = [batch.cursor_high for batch in active_batches(home, load_sources(home.sources_file).sources[0])]
        assert high == [str(stamp(7)), str(stamp(8))]


def test_nothing_new_lands_nothing_and_moves_nothing(shop):
    with serving(lambda asked: Says({"data": [] if "since" in asked.query else ORDERS})) as server:
        home, land = shop(server, pagination=None, load="incremental", cursor="at", since={"parameter": "since"})
        land()
        assert land()["batches"] == 0
        assert len(active_batches(home, load_sources(home.sources_file).sources[0])) == 1


def test_a_stamp_far_in_the_future_is_no_mark(shop):
    orders = [order(1, at="2025-03-01T00:00:00Z"), order(2, at="2999-01-01T00:00:00Z"), order(3, at="soon"), order(4, at=None)]
    with serving(lambda asked: Says({"data": orders})) as server:
        home, land = shop(server, pagination=None, load="incremental", cursor="at", since={"parameter": "since"})
        land()
        (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    assert (batch.rows, batch.cursor_low, batch.cursor_high) == (4, "2025-03-01T00:00:00Z", "2025-03-01T00:00:00Z")
    assert [warning.split(":")[0] for warning in batch.warnings] == ["CURSOR_UNREAD", "CURSOR_AHEAD"]


@pytest.mark.parametrize(("values", "said"), [((1, "2025-01-01"), "holds numbers and times"), (("x", "y"), "is a number or a time")])
def test_a_cursor_that_is_none(shop, values, said):
    orders = [order(number, mark=value) for number, value in enumerate(values)]
    with serving(lambda asked: Says({"data": orders})) as server:
        _, land = shop(server, pagination=None, load="incremental", cursor="mark", since={"parameter": "since"})
        assert said in str(refused(land))
        _, land = shop(server, pagination=None, load="incremental", cursor="marc", since={"parameter": "since"})
        assert "no record has the cursor 'marc'" in str(refused(land))


LAND = """
import sys
from goodwill.home import Home
from goodwill.extract import land_source
from goodwill.sources import load_sources
home = Home.at(sys.argv[1])
land_source(home, load_sources(home.sources_file).sources[0], "UTC")
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_pull_whose_process_is_killed_goes_on(shop, way):
    answer, pagination, requests = WAYS[way]
    held = 4 if requests > 3 else 3  # the request during which the process dies: two or three pages are whole by then

    def slowly(asked: Asked) -> Says:
        if len(server.asked) == held:
            time.sleep(1)
        return answer(asked)

    with serving(slowly) as server:
        home, land = shop(server, pagination=pagination)
        child = subprocess.Popen([sys.executable, "-c", LAND, str(home.root)], env=dict(os.environ))
        deadline = time.monotonic() + 60
        while len(server.asked) < held and time.monotonic() < deadline:
            time.sleep(0.01)
        child.kill()
        assert child.wait() == -9
        assert list((home.landing / "shop").glob("*/manifest.json")) == []
        assert land()["rows"] == 7
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
        assert [each.target for each in server.asked[held:]] == [each.target for each in server.asked[held - 1 : held]] + [
            each.target for each in server.asked[held + 1 :]
        ]
        assert len(server.asked) == requests + 1  # only the page that was on its way is asked for again
    assert not (home.landing / "shop" / ".unfinished").exists()


def cut_off(shop, server: Server, down: list[bool], **settings: object):
    home, land = shop(server, **settings)
    refused(land)
    down[0] = False
    server.asked.clear()
    return home, land


def breaking(down: list[bool]) -> Callable[[Asked], Says]:
    return lambda asked: Says(b"", 500) if down[0] and asked.query.get("page") == "3" else by_page(asked)


def test_the_pages_of_another_request_are_not_used(shop):
    down = [True]
    with serving(breaking(down)) as server:
        cut_off(shop, server, down, retries=0)
        home, land = shop(server, retries=0, params={"status": "open"})
        land()
        assert server.pages() == ["1", "2", "3", "4"]
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]


def test_a_pull_too_old_begins_again(shop):
    down = [True]
    with serving(breaking(down)) as server:
        home, land = cut_off(shop, server, down, retries=0)
        request = home.landing / "shop" / ".unfinished" / "request.json"
        begun = json.loads(request.read_text())
        request.write_text(json.dumps({**begun, "started_at": "2020-01-01T00:00:00"}))
        land()
        assert server.pages() == ["1", "2", "3", "4"]


def test_resume_hours_of_zero_begin_again(shop):
    down = [True]
    with serving(breaking(down)) as server:
        _, land = cut_off(shop, server, down, retries=0, resume_hours=0)
        land()
        assert server.pages() == ["1", "2", "3", "4"]


def test_a_token_that_has_expired_begins_again(shop):
    down = [True]

    def answer(asked: Asked) -> Says:
        if asked.query.get("after") == "t3":
            return Says(b"", 500) if down[0] else Says(b"expired", 410)
        if "after" not in asked.query and not down[0]:
            return Says({"data": ORDERS, "meta": {}})
        return by_cursor(asked)

    with serving(answer) as server:
        home, land = cut_off(shop, server, down, retries=0, pagination={"by": "cursor", "next": "meta.next", "parameter": "after"})
        land()
        assert server.pages("after") == ["t3", None]
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]


PULL = """
import resource, sys
from pathlib import Path
from goodwill.home import Home
from goodwill.sources import load_sources
from goodwill.sources.connectors.protocol import Approach, Labels
from goodwill.sources.connectors.rest import CONNECTOR
from goodwill.sources.credentials import resolve
home = Home.at(sys.argv[1])
(part,) = CONNECTOR.parts(load_sources(home.sources_file).sources[0], Approach(home.root, "UTC", home.landing / "pages", resolve))
columns = part.columns()
home.landing.mkdir(exist_ok=True)
written = part.write(home.landing, columns, Labels("b", "orders", "2025-01-01 00:00:00"))
print(written.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_pages(shop):
    """Three times the pages, 100 MB more of text, and hardly more memory."""
    rows = json.dumps({"data": [order(number, note="x" * 2000) for number in range(1000)]})

    def answer(asked: Asked) -> Says:
        page = int(asked.query["page"])
        return Says(rows.replace('"amount": 10', f'"amount": {page}') if page <= count else {"data": []})

    peaks = []
    for count in (25, 75):
        with serving(answer) as server:
            home, _ = shop(server)
            command = [sys.executable, "-c", PULL, str(home.root)]
            done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
        arrived, peak = map(int, done.stdout.split())
        assert arrived == count * 1000
        peaks.append(peak / 1024)
    assert peaks[1] - peaks[0] < 50, peaks  # MB
