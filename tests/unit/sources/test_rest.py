"""REST: what a service may answer, and what becomes of it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import yaml
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.sources import load_sources
from goodwill.sources.connectors.protocol import Approach, Labels
from goodwill.sources.connectors.rest import CONNECTOR
from goodwill.sources.connectors.rest.address import address_of
from goodwill.sources.credentials import Credentials, resolve

from tests.unit.sources.rest_server import Asked, Says, Server, serving

TOKEN = "s3cr3t-t0ken/+&x"
QUOTED = "s3cr3t-t0ken%2F%2B%26x"


def order(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "at": f"2025-03-{number % 28 + 1:02d}T10:00:00Z", "customer": {"id": f"c{number % 3}"}, "amount": 10, **more}


ORDERS = [order(number) for number in range(1, 8)]
PAGE = {"by": "page", "parameter": "page", "size_parameter": "per_page", "size": 3}


def paged(records: list[dict[str, object]], **more: object) -> Callable[[Asked], Says]:
    """A service with pages by number."""

    def answer(asked: Asked) -> Says:
        size = int(asked.query.get("per_page", 3))
        start = (int(asked.query.get("page", 1)) - 1) * size
        return Says({"data": records[start : start + size], **more})

    return answer


@pytest.fixture
def shop(make_home, monkeypatch):
    """A home whose one source is a REST service: `home, land = shop(server, **settings)`."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def make(server: Server, uri: str = "http://:{quoted}@{host}?auth=bearer", **settings: object):
        monkeypatch.setenv("GOODWILL_CONNECTION_API", uri.format(quoted=QUOTED, host=server.host))
        source = {
            "name": "shop",
            "connector": "rest",
            "connection": "api",
            "path": "orders",
            "records": "data",
            "currency": "EUR",
            "retries": 2,
            "retry_seconds": 0.02,
            "pagination": PAGE,
            "entities": {
                "orders": {"columns": {"order_id": "id", "ordered_at": "at", "contact_ref": "customer.id", "net_amount": "amount"}}
            },
        }
        source |= settings
        home = make_home(sources=yaml.safe_dump({"sources": [{name: value for name, value in source.items() if value is not None}]}))
        said: list[str] = []

        def land() -> dict[str, int]:
            return land_source(home, load_sources(home.sources_file).sources[0], "UTC", say=said.append)

        land.said = said
        return home, land

    return make


def landed(home, columns: str = "order_id", order: str = "_row_no") -> list[tuple[object, ...]]:
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    return duckdb.sql(f"select {columns} from ({view}) order by {order}").fetchall()


def raw(home, columns: str = "*") -> list[tuple[object, ...]]:
    batch = active_batches(home, load_sources(home.sources_file).sources[0])[-1]
    return duckdb.sql(f"select {columns} from '{home.landing}/shop/{batch.batch_id}/rows.parquet' order by __row_no").fetchall()


def ids(home) -> list[int]:
    return [int(each) for (each,) in landed(home)]


def refused(land) -> SourceError:
    with pytest.raises(SourceError) as error:
        land()
    assert "source 'shop'" in str(error.value)
    assert "remedy" in str(error.value)
    assert TOKEN not in str(error.value)
    assert QUOTED not in str(error.value)
    return error.value


def by_page(asked: Asked) -> Says:
    return paged(ORDERS)(asked)


def by_offset(asked: Asked) -> Says:
    """Gives fewer than asked for: a service's own bound."""
    start = int(asked.query.get("offset", 0))
    return Says({"data": ORDERS[start : start + 2]})


def by_cursor(asked: Asked) -> Says:
    start = int(asked.query.get("after", "t0")[1:])
    return Says({"data": ORDERS[start : start + 3], "meta": {"next": f"t{start + 3}" if start + 3 < 7 else None}})


def by_link_header(asked: Asked) -> Says:
    start = int(asked.query.get("from", 0))
    link = f'</orders?from={start + 3}>; rel="next", </orders?from=0>; rel="first"' if start + 3 < 7 else '</orders?from=0>; rel="first"'
    return Says({"data": ORDERS[start : start + 3]}, headers={"Link": link})


def by_link_in_body(asked: Asked) -> Says:
    start = int(asked.query.get("from", 0))
    return Says({"data": ORDERS[start : start + 3], "links": {"next": f"?from={start + 3}" if start + 3 < 7 else ""}})


def by_keyset(asked: Asked) -> Says:
    after = int(asked.query.get("since_id", 0))
    return Says({"data": [each for each in ORDERS if each["id"] > after][:3]})


WAYS = {
    "page": (by_page, PAGE, 4),
    "page, the short one is the last": (by_page, {**PAGE, "last": "short"}, 3),
    "offset": (by_offset, {"by": "offset", "size_parameter": "limit", "size": 5}, 5),
    "cursor": (by_cursor, {"by": "cursor", "next": "meta.next", "parameter": "after"}, 3),
    "link in the header": (by_link_header, {"by": "link"}, 3),
    "link in the body": (by_link_in_body, {"by": "link", "next": "links.next"}, 3),
    "keyset": (by_keyset, {"by": "keyset", "column": "id", "parameter": "since_id"}, 4),
}


@pytest.mark.parametrize("way", WAYS)
def test_all_pages_arrive_once_and_in_order(shop, way):
    answer, pagination, requests = WAYS[way]
    with serving(answer) as server:
        home, land = shop(server, pagination=pagination)
        assert land() == {"batches": 1, "rows": 7, "malformed_rows": 0, "changes": 0}
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
        assert len(server.asked) == requests
        assert land()["batches"] == 0  # the same answer is no news
    assert not (home.landing / "shop" / ".unfinished").exists()


def test_one_answer_that_is_the_list(shop):
    with serving(lambda asked: Says(ORDERS[:2])) as server:
        home, land = shop(server, pagination=None, records=None, params={"status": ["open", "paid"], "test": False})
        land()
        assert ids(home) == [1, 2]
        assert server.asked[0].target == "/orders?status=open&status=paid&test=false"


def test_a_flag_or_the_total_ends_the_pages(shop):
    def answer(asked: Asked) -> Says:
        page = int(asked.query["page"])
        return Says({"data": ORDERS[page * 2 - 2 : page * 2], "more": page < 2, "n": 4})

    for setting in ({"pagination": {**PAGE, "more": "more"}}, {"total": "n"}):
        with serving(answer) as server:
            home, land = shop(server, **setting)
            land()
            assert server.pages() == ["1", "2"]
            assert ids(home) == [1, 2, 3, 4]


def test_values_land_as_they_are_written(shop):
    body = (
        '{"data": [{"id": 12345678901234567890123, "at": "2025-03-01", "amount": 0.10, "big": 1E400, "precise": 1.10000000000000000001,'
        ' "yes": true, "none": null, "text": "007", "tags": [1.50, {"a": "é"}], "customer": {"id": "c", "address": {"city": "Paris"}}, "void": {}},'
        ' {"id": "8", "at": "2025-03-02", "amount": -0.0, "extra": "x", "customer": null}]}'
    )
    with serving(lambda asked: Says(body)) as server:
        home, land = shop(server, pagination=None)
        land()
    columns = 'id, amount, big, precise, yes, none, text, tags, "customer.id", "customer.address.city", void, extra'
    assert raw(home, columns) == [
        (
            "12345678901234567890123",
            "0.10",
            "1E400",
            "1.10000000000000000001",
            "true",
            None,
            "007",
            '[1.50, {"a": "é"}]',
            "c",
            "Paris",
            None,
            None,
        ),
        ("8", "-0.0", None, None, None, None, None, None, None, None, None, "x"),
    ]
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    assert set(batch.columns.values()) == {"VARCHAR"}
    assert list(batch.columns) == sorted(batch.columns)
    assert "customer" not in batch.columns  # null where it is an object otherwise


BAD_RECORDS = {
    "a number": ("7", "not an object but a number"),
    "a list": ("[1]", "not an object but a list"),
    "null": ("null", "not an object but null"),
    "NUL": ('{"id": "a\\u0000b"}', "a NUL character"),
    "surrogate": ('{"id": "\\ud800"}', "half a character (a lone surrogate)"),
    "collision": ('{"a.b": 1, "a": {"b": 2}}', "two values for 'a.b'"),
    "reserved": ('{"__row_no": 1}', "reserved names: __row_no"),
    "nameless": ('{"": 1}', "a field without a name"),
}


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_a_bad_record_is_named_and_its_neighbours_flow(shop, case):
    text, wrong = BAD_RECORDS[case]
    with serving(lambda asked: Says(f'{{"data": [{json.dumps(ORDERS[0])}, {text}, {json.dumps(ORDERS[1])}]}}')) as server:
        home, land = shop(server, pagination=None)
        assert land()["malformed_rows"] == 1
    assert [(number, problems) for number, problems in landed(home, "_row_no, _problems") if problems] == [
        (2, [{"column_name": "", "reason": "MALFORMED_ROW", "value": wrong}])
    ]
    assert [row for (row,) in landed(home)] == ["1", None, "2"]
    assert landed(home, "_raw")[1][0]


NOT_PAGES = {
    "html": (Says(b"<!DOCTYPE html><p>Sign in</p>", headers={"Content-Type": "text/html"}), "a page of HTML"),
    "text": (Says(b"OK", headers={"Content-Type": "text/plain"}), "no JSON"),
    "nothing": (Says(b""), "no JSON"),
    "cut off": (Says(b'{"data": [{"id": 1}'), "no JSON"),
    "latin-1": (Says('{"data": ["é"]}'.encode("latin-1")), "no JSON"),
    "deep": (Says(b"[" * 100_000), "nested too deep"),
    "twice": (Says(b'{"data": [{"id": 1, "id": 2}]}'), "an object names 'id' twice"),
    "elsewhere": (Says({"error": "quota"}), "there is no list at 'data' of the answer; it holds: error"),
    "null": (Says({"data": None}), "there is no list at 'data'"),
    "zero": (Says({"data": []}), "0 records"),
    "capitals": (Says({"data": [{"id": 1, "Id": 2}]}), "two columns that differ only by capitals"),
    "unmapped": (Says({"data": [{"id": 1, "at": "2025-01-01", "customer": {"id": 1}, "amounts": 5}]}), "no column 'amount'"),
}


@pytest.mark.parametrize("case", NOT_PAGES)
def test_what_is_no_page_lands_nothing(shop, case):
    says, said = NOT_PAGES[case]
    with serving(lambda asked: says) as server:
        home, land = shop(server, pagination=None)
        assert said in str(refused(land))
        assert len(server.asked) == 1
    assert list((home.landing / "shop").glob("*/manifest.json")) == []


def test_no_records_are_fine_where_allowed(shop):
    with serving(lambda asked: Says({"data": []})) as server:
        home, land = shop(server, empty_allowed=True)
        assert land()["rows"] == 0
        assert landed(home) == []


def test_declared_fields_are_there_when_no_record_has_them(shop):
    with serving(lambda asked: Says({"data": [{"id": 1, "at": "2025-01-01", "amount": 5}]})) as server:
        home, land = shop(server, pagination=None, fields=["customer.id"])
        land()
    assert landed(home, "order_id, contact_ref") == [("1", None)]


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
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == 3
    assert min(gaps) > 0.08
    assert times[-1] - times[0] < 2


def test_a_server_that_ignores_the_page_is_seen(shop):
    with serving(lambda asked: Says({"data": ORDERS[:3]})) as server:
        home, land = shop(server)
        assert "page 2 holds what page 1 held" in str(refused(land))
    assert not (home.landing / "shop" / ".unfinished").exists()


def test_with_a_key_a_server_that_ignores_the_page_is_seen_too(shop):
    with serving(lambda asked: Says({"data": [{**order(number), "asked": len(server.asked)} for number in (1, 2)]})) as server:
        _, land = shop(server, key="id")
        assert "page 3 holds what page 2 held" in str(refused(land))


def test_next_links_in_a_circle_are_seen(shop):
    def answer(asked: Asked) -> Says:
        start = int(asked.query.get("from", 0))
        return Says({"data": ORDERS[start : start + 2], "next": f"?from={(start + 2) % 6 or 2}"})

    with serving(answer) as server:
        _, land = shop(server, pagination={"by": "link", "next": "next"})
        assert "page 3 says that the next is a page that was read already" in str(refused(land))
        assert len(server.asked) == 3


def test_more_pages_than_allowed(shop):
    with serving(by_page) as server:
        _, land = shop(server, max_pages=2)
        assert "more than 2 pages" in str(refused(land))
        assert server.pages() == ["1", "2"]


def test_rows_that_shift_while_they_are_read_count_once(shop):
    """A new order comes while page 1 is read: page 2 begins with what ended page 1."""

    def answer(asked: Asked) -> Says:
        now = [order(number, version=len(server.asked)) for number in (range(6, 0, -1) if len(server.asked) == 1 else range(7, 0, -1))]
        return paged(now)(asked)

    with serving(answer) as server:
        home, land = shop(server, key="id")
        assert land()["rows"] == 6
    assert ids(home) == [6, 5, 4, 3, 2, 1]
    assert raw(home, "id, version")[2] == ("4", "2")  # the later page's
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    assert batch.warnings == ("REPEATED_RECORDS: 1 records arrived again while the pages shifted; the later of each counts",)


def test_a_total_that_does_not_agree_is_pulled_once_more(shop):
    def answer(asked: Asked) -> Says:
        first_time = len(server.asked) <= 3
        return paged(ORDERS[:-1] if first_time else ORDERS, n=7)(asked)

    with serving(answer) as server:
        home, land = shop(server, total="n")
        land()
        assert server.pages() == ["1", "2", "3", "1", "2", "3"]
    assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
    assert "orders: 6 records arrived, and the source says there are 7; pulled once more" in land.said


def test_a_total_that_falls_while_pages_are_read_is_pulled_once_more(shop):
    """A record of the first page is taken away: those behind it move up, and the first of the next page is never shown."""

    def answer(asked: Asked) -> Says:
        left = ORDERS if len(server.asked) <= 1 else ORDERS[1:]
        return paged(left, n=len(left))(asked)

    with serving(answer) as server:
        home, land = shop(server, total="n")
        land()
    assert ids(home) == [2, 3, 4, 5, 6, 7]
    assert any("the source said there were 7 records, and 6 while they were still read" in line for line in land.said)


def test_a_total_that_never_agrees_lands_nothing(shop):
    with serving(paged(ORDERS, n=8)) as server:
        home, land = shop(server, total="n")
        assert "7 records arrived, and the source says there are 8, twice" in str(refused(land))
    assert list((home.landing / "shop").glob("*/manifest.json")) == []
    assert not (home.landing / "shop" / ".unfinished").exists()


def test_a_total_that_is_not_there(shop):
    with serving(paged(ORDERS)) as server:
        _, land = shop(server, total="n")
        assert "the answer has no 'n'" in str(refused(land))


def test_redirects_stay_at_home(shop):
    def elsewhere(asked: Asked) -> Says:
        return Says(ORDERS)

    with serving(elsewhere) as other:

        def answer(asked: Asked) -> Says:
            if asked.path == "/orders":
                return Says(b"", 302, {"Location": "/v2/orders?page=1"})
            if asked.path == "/far":
                return Says(b"", 301, {"Location": f"{other.url}/orders"})
            if asked.path == "/round":
                return Says(b"", 307, {"Location": "/round"})
            return Says({"data": ORDERS})

        with serving(answer) as server:
            home, land = shop(server, pagination=None)
            land()
            assert len(ids(home)) == 7
            _, land = shop(server, pagination=None, path="far")
            assert f"is not on {server.url}: the secret is not sent there" in str(refused(land))
            _, land = shop(server, pagination=None, path="round")
            assert "more than 5 redirects" in str(refused(land))
        assert other.asked == []


def test_a_next_link_to_another_host_is_not_followed(shop):
    with serving(by_page) as other, serving(lambda asked: Says({"data": ORDERS[:3], "next": f"{other.url}/orders"})) as server:
        _, land = shop(server, pagination={"by": "link", "next": "next"})
        assert "the secret is not sent there" in str(refused(land))
        assert other.asked == []


LET_IN = {
    "bearer": ("http://:{quoted}@{host}?auth=bearer", "Authorization", f"Bearer {TOKEN}"),
    "bearer as Airflow writes it": (
        "http://:{quoted}@{host}/?__extra__=%7B%22auth%22%3A+%22bearer%22%7D",
        "Authorization",
        f"Bearer {TOKEN}",
    ),
    "basic": ("http://me:{quoted}@{host}", "Authorization", "Basic bWU6czNjcjN0LXQwa2VuLysmeA=="),
    "header": ("http://:{quoted}@{host}?header=X-Api-Key", "X-Api-Key", TOKEN),
    "nobody": ("http://{host}", "Authorization", None),
}


@pytest.mark.parametrize("way", LET_IN)
def test_ways_in(shop, way):
    uri, header, value = LET_IN[way]
    with serving(by_page) as server:
        _, land = shop(server, uri=uri)
        land()
        assert {each.headers.get(header) for each in server.asked} == {value}


def test_a_secret_parameter_is_sent_and_nowhere_written(shop):
    """Even where the service writes it into its links."""

    def answer(asked: Asked) -> Says:
        start = int(asked.query.get("from", 0))
        if start == 6:
            return Says(b"", 500)
        return Says({"data": ORDERS[start : start + 3], "next": f"?from={start + 3}&api_key={QUOTED}"})

    with serving(answer) as server:
        home, land = shop(server, uri="http://:{quoted}@{host}?parameter=api_key", pagination={"by": "link", "next": "next"})
        refused(land)
        assert {each.query["api_key"] for each in server.asked} == {TOKEN}
        assert [each.target.count("api_key") for each in server.asked] == [1] * 5
    kept = [path for path in home.root.rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert [path for path in kept if TOKEN.encode() in path.read_bytes() or QUOTED.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("way", ["auth=bearer", "parameter=api_key"])
def test_the_secret_is_in_no_message_log_or_file(shop, caplog, way):
    caplog.set_level(logging.DEBUG)
    with serving(lambda asked: by_page(asked) if asked.query["page"] == "1" else Says(TOKEN, 400 + 23)) as server:
        home, land = shop(server, uri="http://:{quoted}@{host}?" + way)
        error = refused(land)
    with serving(by_page) as server:
        _, land_well = shop(server, uri="http://:{quoted}@{host}?" + way)
        land_well()
    texts = [repr(error), caplog.text, *land.said, *land_well.said, *(str(record.__dict__) for record in caplog.records)]
    texts += [path.read_bytes().decode("latin-1") for path in home.root.rglob("*") if path.is_file()]
    assert len(texts) > 5
    assert [text for text in texts if TOKEN in text or QUOTED in text] == []


REFUSED_SETTINGS = {
    "a secret parameter": ({"params": {"api_key": "x"}}, "secrets are kept in the connection"),
    "a secret header": ({"headers": {"Authorization": "x"}}, "secrets are kept in the connection"),
    "another host": ({"path": "https://elsewhere/orders"}, "name the resource below"),
    "a query in the path": ({"path": "orders?x=1"}, "what follows '?' goes into 'params'"),
    "an incremental load without since": ({"load": "incremental", "cursor": "at"}, "needs 'since'"),
    "since without an incremental load": ({"since": {"parameter": "since"}}, "only with 'load: incremental'"),
    "an unknown way of paging": ({"pagination": {"by": "magic"}}, "'magic'"),
    "a short page of unknown size": ({"pagination": {"by": "page", "last": "short"}}, "needs the 'size'"),
}


@pytest.mark.parametrize("case", REFUSED_SETTINGS)
def test_settings_that_cannot_be(shop, case):
    settings, said = REFUSED_SETTINGS[case]
    _, land = shop(Server("http://127.0.0.1:9"), **settings)
    with pytest.raises(ConfigurationError) as error:
        land()
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("ftp://:{quoted}@{host}", "is not of http or https"),
        ("http://:{quoted}@", "has no host"),
        ("http://{host}?auth=bearer", "no token"),
        ("http://:{quoted}@{host}?auth=oauth", "not understood"),
        ("http://:{quoted}@{host}?verify=no", "not understood after '?': verify"),
        ("http://:{quoted}@127.0.0.1:port", "cannot be read"),
    ],
)
def test_connections_that_cannot_be(shop, uri, said):
    _, land = shop(Server("http://127.0.0.1:9"), uri=uri)
    with pytest.raises(ConfigurationError, match="connection 'api'") as error:
        land()
    assert said in str(error.value)
    assert TOKEN not in str(error.value)
    assert QUOTED not in str(error.value)


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


@pytest.mark.parametrize(
    ("uri", "base"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com:8443/v2/", "https://api.example.com:8443/v2"),
        ("http://u:p@api.example.com/https", "https://api.example.com"),  # Airflow: the schema of an HTTP connection
        ("http://https://u:p@api.example.com", "https://api.example.com"),  # Airflow: a host typed with its protocol
        (
            "https://u:p@api.example.com%2FV2%2Fshop:8443/?auth=bearer",
            "https://api.example.com:8443/V2/shop",
        ),  # Airflow: a host with a path
        ("http://[::1]:8080/x y", "http://[::1]:8080/x%20y"),
    ],
)
def test_addresses(uri, base):
    assert address_of(Credentials("api", uri)).base == base


def test_the_how_to_is_valid(make_home):
    text = (Path(__file__).resolve().parents[3] / "docs/how-to/connect-an-api.md").read_text(encoding="utf-8")
    plain, more = (block.split("```")[0] for block in text.split("```yaml\n")[1:])
    home = make_home(sources=plain)
    assert load_sources(home.sources_file).sources[0].connector == "rest"
    (home.root / "sources.yml").write_text(plain + more)
    assert load_sources(home.sources_file).sources[0].load == "incremental"
