"""Sources in a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.postgres import Postgres, postgres, postgres_server

__all__ = ["postgres", "postgres_server"]


def source_yaml(**settings: Any) -> str:
    """A `sources.yml` with the source `erp` over orders; a setting that is `None` is left out."""
    given = {"name": "erp", "connection": "erp"} | settings
    lines = [f"{key}: {value}" for key, value in given.items() if value is not None]
    columns = "{order_id: order_id, ordered_at: ordered_at, net_amount: amount}"
    text = "\n".join(["sources:", f"  - {lines[0]}", *[f"    {line}" for line in lines[1:]]])
    return f"{text}\n    entities:\n      orders:\n        columns: {columns}\n"


@pytest.fixture
def erp_source(postgres: Postgres) -> Callable[..., str]:
    """A source over the table `orders` of this test: `erp_source(load="incremental", cursor="updated_at")`."""

    def make(**settings: Any) -> str:
        return source_yaml(**({"connector": "postgresql", "table": f"{postgres.schema}.orders"} | settings))

    return make


@pytest.fixture
def sql_source() -> Callable[..., str]:
    """A source over the table `orders` of any database."""

    def make(**settings: Any) -> str:
        return source_yaml(**({"connector": "sql", "table": "orders"} | settings))

    return make
