"""The service the tests of REST ask: orders on pages of every kind, and what landed of them."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, landed_view
from goodwill.sources import load_sources

from tests.unit.sources.rest.server import Asked, Says

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
