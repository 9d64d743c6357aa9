"""Names and values that want to be code: in the configuration, in headers, in what is asked for. Text they are, or refused."""

from __future__ import annotations

import duckdb
import pytest
import yaml
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.extract import land_source, landed_view
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.forgetting.finding import Asked, find
from goodwill.privacy.forgotten import Forgotten, email_key
from goodwill.settings import load_business
from goodwill.sources import load_sources

HOSTILE = [
    "'; drop table contacts; --",
    'x"; drop table contacts; --',
    "{{ 7 * 7 }}",
    "{% raw %}",
    "../../etc/passwd",
    "a\nb",
    "$(touch owned)",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
]


def contacts(**columns):
    """A source of contacts; orders, which there must be, are made up."""
    orders = {"order_id": {"value": "o"}, "ordered_at": columns["created_at"], "net_amount": {"value": 1}}
    return declared(entities={"contacts": {"columns": columns}, "orders": {"columns": orders}})


def declared(**changes):
    source = {"name": "shop", "path": "input/orders.csv", "currency": "EUR"}
    columns = {"order_id": "order_id", "ordered_at": "ordered_at", "contact_ref": "who", "net_amount": "amount"}
    return yaml.safe_dump({"sources": [{**source, "entities": {"orders": {"columns": columns}}, **changes}]})


@pytest.mark.parametrize("key", ["name", "system", "connector", "load", "time_zone", "currency", "encoding", "duplicates"])
@pytest.mark.parametrize("value", HOSTILE)
def test_what_names_something_of_ours_is_held_to_a_list(make_home, key, value):
    home = make_home(declared(**{key: value}))
    with pytest.raises(ConfigurationError):
        load_sources(home.sources_file)


@pytest.mark.parametrize("value", [each for each in HOSTILE if "\n" not in each])
def test_headers_constants_and_conditions_are_text(make_home, value):
    columns = {
        "order_id": value,
        "ordered_at": "ordered_at",
        "net_amount": "amount",
        "status": {"value": value},
        "contact_ref": {"column": "who", "translate": {value: value[::-1]}},
    }
    sources = declared(
        entities={"orders": {"columns": columns, "where": [{"column": "kind", "is_not": value}]}}, null_values=["", value + "?"]
    )
    quoted = value.replace('"', '""')
    rows = (
        f'"{quoted}",ordered_at,amount,who,kind\n1,2024-01-01,5,"{quoted}",x\n2,2024-01-01,6,b,"{quoted}"\n3,2024-01-01,7,"{quoted}?",y\n'
    )
    home = make_home(sources, **{"orders.csv": rows.encode()})
    every = load_sources(home.sources_file)
    land_source(home, every.by_name("shop"), "UTC")
    view = landed_view(home, every, ENTITIES["orders"], "UTC")
    found = duckdb.sql(f"select order_id, status, contact_ref, net_amount from ({view}) order by order_id").fetchall()
    assert found == [("1", value, value[::-1], 5), ("3", value, None, 7)]
    assert {path.name for path in home.root.iterdir()} <= {"goodwill.yml", "sources.yml", "input", "landing"}


@pytest.mark.parametrize("value", [*HOSTILE, "x' or '1'='1", "%", "\\", "' union select 1 --@x.org"])
def test_who_is_asked_for_is_text(make_home, value):
    sources = contacts(contact_id="who", created_at="ordered_at", email="mail", phone="tel")
    home = make_home(sources, **{"orders.csv": "who,ordered_at,mail,tel\n1,2024-01-01,a@x.org,0612345678\n"})
    every, business = load_sources(home.sources_file), load_business(home.business_file)
    land_source(home, every.by_name("shop"), "UTC")
    asked = [Asked(person=value), *([Asked(email=value)] if email_key(value) else [])]
    assert [find(home, every, business, each) for each in asked] == [None] * len(asked)


def test_a_source_may_call_its_columns_what_it_likes(make_home):
    """Also as the tables are called that the rewriting joins."""
    names = ["key", "person", "landed", "owners", "hits_0", "ids", "replacement", "row_no", 'a"b']
    sources = contacts(contact_id="key", created_at="person", email='a"b', city="hits_0")
    header = ",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    home = make_home(
        sources, **{"orders.csv": f"{header}\nC1,2024-01-01,x,x,Lyon,x,x,x,ann@x.org\nC2,2024-01-01,y,y,Nice,y,y,y,bob@x.org\n"}
    )
    Forgotten.of(home).with_keys(home, {email_key("ann@x.org") or "": "f" * 16})
    source = load_sources(home.sources_file).by_name("shop")
    land_source(home, source, "UTC")
    (batch,) = read_manifests(home, "shop")
    ann, bob = duckdb.sql(f"select * from read_parquet('{rows_file(home, batch)}') order by __row_no").fetchall()
    assert ann[1:9] == ("2024-01-01", None, None, None, None, None, None, f"erased-{'f' * 16}@erased.invalid")
    assert ann[0].startswith("erased-")
    assert bob[:9] == ("C2", "2024-01-01", "y", "y", "Nice", "y", "y", "y", "bob@x.org")
