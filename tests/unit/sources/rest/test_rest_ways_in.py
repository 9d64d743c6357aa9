"""REST: addresses, credentials, redirects, and settings that cannot be."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from goodwill.errors import ConfigurationError
from goodwill.sources import load_sources
from goodwill.sources.connectors.rest.address import address_of
from goodwill.sources.credentials import Credentials

from tests.unit.sources.rest.server import Asked, Says, Server, serving
from tests.unit.sources.rest.service import ORDERS, QUOTED, TOKEN, by_page, ids, refused


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
    text = (Path(__file__).resolve().parents[4] / "docs/how-to/connect-an-api.md").read_text(encoding="utf-8")
    plain, more = (block.split("```")[0] for block in text.split("```yaml\n")[1:])
    home = make_home(sources=plain)
    assert load_sources(home.sources_file).sources[0].connector == "rest"
    (home.root / "sources.yml").write_text(plain + more)
    assert load_sources(home.sources_file).sources[0].load == "incremental"
