"""A home whose one source is a REST service."""

from __future__ import annotations

import pytest
import yaml
from goodwill.extract import land_source
from goodwill.sources import load_sources

from tests.unit.sources.rest.server import Server
from tests.unit.sources.rest.service import PAGE, QUOTED


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
