"""What the tests of files use: land what a home declares, and read it back."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.extract import land_source, landed_view
from goodwill.extract.batches import Manifest, read_manifests
from goodwill.home import Home
from goodwill.sources import load_sources


@pytest.fixture
def land() -> Callable[..., list[str]]:
    """Land the one source of a home; what was said meanwhile."""

    def landing(home: Home, **more: object) -> list[str]:
        said: list[str] = []
        land_source(home, load_sources(home.sources_file).sources[0], "UTC", say=said.append, **more)
        return said

    return landing


@pytest.fixture
def orders() -> Callable[[Home], list[dict[str, object]]]:
    """The orders that landed, as their view gives them; stamps as text, `problem` the first reason and value."""

    def read(home: Home) -> list[dict[str, object]]:
        view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
        found = duckdb.sql(
            "select order_id, cast(ordered_at as varchar) as at, contact_ref as who, cast(net_amount as varchar) as amount, status as note, "
            f"_problems[1].reason as reason, _problems[1].value as value from ({view}) order by _file, _row_no"
        )
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    return read


@pytest.fixture
def manifests() -> Callable[[Home], list[Manifest]]:
    """The manifests of the one source of a home, oldest first."""
    return lambda home: read_manifests(home, load_sources(home.sources_file).sources[0].name)
