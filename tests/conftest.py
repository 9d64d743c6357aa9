"""What every test may use: a small home made of files a test writes itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from goodwill.home import Home

#: One secret for all homes, so that two of them can be compared; a test of secrets takes it away.
os.environ.setdefault("GOODWILL_SECRET", "the same in every home of a test run")

ORDERS_SOURCE = """
    sources:
      - name: shop
        path: input/orders.csv
        currency: EUR
        entities:
          orders:
            columns: {order_id: order_id, ordered_at: ordered_at, contact_ref: customer_id, net_amount: amount}
"""


@pytest.fixture
def make_home(tmp_path: Path) -> Callable[..., Home]:
    """Make a home: `make_home(sources, goodwill, **{"orders.csv": text or bytes})`."""

    def make(sources: str = ORDERS_SOURCE, goodwill: str = "company: {currency: EUR}", **files: str | bytes) -> Home:
        (tmp_path / "input").mkdir(exist_ok=True)
        (tmp_path / "goodwill.yml").write_text(dedent(goodwill))
        (tmp_path / "sources.yml").write_text(dedent(sources))
        for name, content in files.items():
            (tmp_path / "input" / name).write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip().encode())
        return Home.at(tmp_path)

    return make


@pytest.fixture
def machine_in() -> Iterator[Callable[[str], None]]:
    """Put this machine into another time zone, until the end of the test: `machine_in("Pacific/Kiritimati")`."""
    before = os.environ.get("TZ")

    def put(zone: str | None) -> None:
        if zone:
            os.environ["TZ"] = zone
        else:
            os.environ.pop("TZ", None)
        time.tzset()

    yield put
    put(before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that is too large for the repository: `$GOODWILL_SHARED_DATA`."""
    folder = os.environ.get("GOODWILL_SHARED_DATA")
    if not folder:
        pytest.skip("needs the shared data: set GOODWILL_SHARED_DATA to their folder")
    return Path(folder)
