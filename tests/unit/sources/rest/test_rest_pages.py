"""REST: pages of every kind, what stands on them, and services that count wrongly."""

from __future__ import annotations

import json

import pytest
from goodwill.cli.checking import check_home
from goodwill.extract import active_batches
from goodwill.sources import load_sources

from tests.unit.sources.rest.server import Asked, Says, serving
from tests.unit.sources.rest.service import ORDERS, PAGE, WAYS, by_page, ids, landed, order, paged, raw, refused


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


@pytest.mark.parametrize(
    "link",
    [
        '<{next}>; rel="next last"',
        '<{next}>; rel="last Next"; title="page, the last; rel=prev"',
        "<{first}>; rel=first , <{next}>;REL=next",
        '<{next};fields=id,at>; rel="next"',
        '<{first}>; title="<{first}>; rel=next"; rel="prev", <{next}> ; title*=UTF-8\'\'suivante ; rel = "next"',
    ],
)
def test_the_next_page_is_found_however_the_header_writes_it(shop, link):
    """A service may name a page in several ways at once; one that was passed over would be rows that nobody misses."""

    def answer(asked: Asked) -> Says:
        start = int(asked.query.get("from", "0").partition(";")[0])
        target = link.format(first="/orders?from=0", next=f"/orders?from={start + 3}")
        return Says(
            {"data": ORDERS[start : start + 3]}, headers={"Link": target if start + 3 < 7 else '</orders?from=0>; rel="first prev"'}
        )

    with serving(answer) as server:
        home, land = shop(server, pagination={"by": "link"})
        land()
        assert ids(home) == [1, 2, 3, 4, 5, 6, 7]
        assert len(server.asked) == 3


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
        assert "7 records arrived, and the source says there are 8" in check_home(home)[0].error, "a look that saw every page knows it too"
    assert list((home.landing / "shop").glob("*/manifest.json")) == []
    assert not (home.landing / "shop" / ".unfinished").exists()


def test_a_total_that_is_not_there(shop):
    with serving(paged(ORDERS)) as server:
        _, land = shop(server, total="n")
        assert "the answer has no 'n'" in str(refused(land))


@pytest.mark.parametrize("past", [True, False], ids=["past the last page", "from the first"])
@pytest.mark.parametrize("total", [None, "total"])
def test_an_answer_without_content_is_a_page_without_records(shop, past, total):
    def answer(asked: Asked) -> Says:
        page = int(asked.query["page"])
        return Says({"data": ORDERS[:3], "total": 3}) if past and page == 1 else Says(b"", 204)

    with serving(answer) as server:
        home, land = shop(server, total=total, empty_allowed=True, fields=["id", "at", "amount"])
        land()
        assert ids(home) == ([1, 2, 3] if past else [])
