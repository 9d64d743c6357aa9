"""REST: a service that is slow, down, or wants to be left in peace."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from tests.unit.sources.rest.server import Asked, Says, serving
from tests.unit.sources.rest.service import by_page, ids, refused


@pytest.mark.parametrize("status", [429, 408, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(shop, status):
    def answer(asked: Asked) -> Says:
        return Says(b"busy", status) if len(server.asked) in (2, 3) else by_page(asked)

    with serving(answer) as server:
        home, land = shop(server)
        land()
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
        assert server.pages() == ["1", "2", "2", "2", "3", "4"]
    assert any(f"the server answers {status}" in line for line in land.said)


def test_a_server_that_stays_down_is_given_up_and_its_pages_are_kept(shop):
    down = [True]

    def answer(asked: Asked) -> Says:
        return Says(b"", 503) if asked.query["page"] == "3" and down[0] else by_page(asked)

    with serving(answer) as server:
        home, land = shop(server)
        assert "the server answers 503 Service Unavailable, 3 times" in str(refused(land))
        assert server.pages() == ["1", "2", "3", "3", "3"]
        down[0] = False
        land()
        assert server.pages()[5:] == ["3", "4"]
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("header", ["seconds", "date"])
def test_a_pause_that_the_server_asks_for_is_kept(shop, header):
    def answer(asked: Asked) -> Says:
        if len(server.asked) > 1:
            return by_page(asked)
        return Says(b"", 429, {"Retry-After": "1" if header == "seconds" else formatdate(time.time() + 2.5, usegmt=True)})

    with serving(answer) as server:
        _, land = shop(server)
        land()
        assert 0.95 <= server.asked[1].at - server.asked[0].at < 6


def test_a_pause_too_long_is_not_waited_for(shop):
    with serving(lambda asked: Says(b"", 429, {"Retry-After": "7200"})) as server:
        _, land = shop(server)
        assert "asks to come back in 7,200 s" in str(refused(land))
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "remedy"), [(400, "see what the service expects"), (401, "the secret"), (403, "read this"), (404, "mend 'path'")]
)
def test_a_request_that_is_wrong_is_not_repeated(shop, status, remedy):
    with serving(lambda asked: Says(b"no", status)) as server:
        _, land = shop(server)
        error = refused(land)
        assert f"the server answers {status}" in error.message
        assert f"{server.url}/orders" in error.message
        assert remedy in error.remedy
        assert len(server.asked) == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_connection_that_breaks_off_is_no_answer(shop, share):
    whole = by_page(Asked("", "", {"page": "2"}, {}, 0)).bytes()

    def answer(asked: Asked) -> Says:
        return Says(whole[: int(len(whole) * share)], promised=len(whole)) if len(server.asked) == 2 else by_page(asked)

    with serving(answer) as server:
        home, land = shop(server)
        land()
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
        assert server.pages() == ["1", "2", "2", "3", "4"]


def test_nobody_there(shop):
    with serving(by_page) as server:
        pass
    _, land = shop(server)
    assert "the connection failed" in str(refused(land))


@pytest.mark.parametrize("slow", [((1.5, b"{}"),), ((0.0, b"["),) + ((0.2, b" "),) * 10], ids=["silent", "dripping"])
def test_a_slow_answer_meets_the_time_limit(shop, slow):
    with serving(lambda asked: Says(pieces=slow)) as server:
        _, land = shop(server, timeout_seconds=0.4, retries=1)
        begun = time.monotonic()
        assert "within 0.4 s, 2 times" in str(refused(land))
        assert 0.7 < time.monotonic() - begun < 2.5
        assert len(server.asked) == 2


def test_a_proxy_is_used_and_its_delay_counts(shop, monkeypatch):
    """The proxy of the environment is asked for the service's address, and the time limit holds through it."""

    def answer(asked: Asked) -> Says:
        return Says(pieces=((1.5, b"[]"),)) if asked.query["page"] == "2" else by_page(asked)

    with serving(answer) as proxy:
        _, land = shop(proxy, uri="http://:{quoted}@api.example.invalid?auth=bearer", timeout_seconds=0.4, retries=0)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert "http://api.example.invalid/orders" in str(refused(land))
        assert proxy.asked[0].target.startswith("http://api.example.invalid/orders?")
        assert proxy.pages() == ["1", "2"]


def test_no_more_requests_a_second_than_allowed(shop):
    with serving(by_page) as server:
        _, land = shop(server, rate_per_second=10)
        land()
        times = [each.at for each in server.asked]
    assert len(times) == 4
    # a busy machine may bring one request late, and the next is in time: what is allowed is counted from the first
    assert times[-1] - times[0] > 0.25
    assert times[-1] - times[0] < 2
