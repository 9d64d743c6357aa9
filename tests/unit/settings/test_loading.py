"""Configuration that cannot be used is refused with the file, the place, the value and the remedy."""

from __future__ import annotations

import pytest
import yaml
from goodwill.cli.starting import TEMPLATES, write_templates
from goodwill.demo import DEMOS, make_demo_home
from goodwill.errors import ConfigurationError
from goodwill.settings import BusinessSettings, load_business
from goodwill.sources import load_sources

GOOD = "entities: {orders: {columns: {order_id: id, ordered_at: at, net_amount: amount}}}"


def refused(make_home, sources=None, goodwill=None) -> str:
    home = make_home(**{key: value for key, value in {"sources": sources, "goodwill": goodwill}.items() if value is not None})
    said = []
    for load, file in ((load_business, home.business_file), (load_sources, home.sources_file)):
        try:
            load(file)
        except ConfigurationError as error:
            said.append(str(error))
    assert said, "the configuration was taken as it is"
    return "\n".join(said)


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (f"sources: [{{name: a, path: x.csv, {GOOD}}}, {{name: a, path: y.csv, {GOOD}}}]", ["two sources with one name: a"]),
        (
            f"sources: [{{name: a, path: x.csv, time_zone: Europe/Pariss, {GOOD}}}]",
            ["unknown time zone 'Europe/Pariss'", "a → time_zone", "IANA"],
        ),
        (
            "sources: [{name: a, path: x.csv, entities: {orders: {columns: {order_id: id, net_amount: amount}}}}]",
            ["required column not mapped: ordered_at", "a:"],
        ),
        (
            "sources: [{name: a, path: x.csv, entities: {orders: {columns: {order_id: id, ordered_at: at, net_amount: m, colour: c}}}}]",
            ["no column 'colour'"],
        ),
        ("sources: [{name: a, path: x.csv, entities: {invoices: {columns: {}}}}]", ["unknown entity 'invoices'", "known: orders"]),
        (f"sources: [{{name: a, path: x.csv, delimitre: ';', {GOOD}}}]", ["delimitre"]),
        (f"sources: [{{name: 'a b; drop', path: x.csv, {GOOD}}}]", ["name"]),
        (f"sources: [{{name: a, path: x.csv, system: s, {GOOD}}}, {{name: b, path: y.csv, {GOOD}}}]", ["without 'system'", "b"]),
        (
            "sources: [{name: a, path: x.csv, entities: {products: {columns: {product_id: id}}}}]",
            ["no source feeds 'orders' or 'subscriptions'"],
        ),
        (
            "sources: [{name: a, path: x.csv, entities: {orders: {columns: {order_id: {column: a, value: b}, ordered_at: at, net_amount: m}}}}]",
            ["exactly one of"],
        ),
        (
            "sources: [{name: a, path: x.csv, entities: {orders: {columns: {order_id: {first: a}, ordered_at: at, net_amount: m}}}}]",
            ["needs 'group_by'"],
        ),
        ("sources: [\n  name: a\n", ["sources.yml, line"]),
        ("sources: []\nsources: []\n", ["written twice"]),
    ],
)
def test_a_source_that_cannot_be_used_is_refused_by_name(make_home, sources, said):
    message = refused(make_home, sources=sources)
    for words in [*said, "sources.yml", "remedy"]:
        assert words in message


@pytest.mark.parametrize(
    ("goodwill", "said"),
    [
        ("company: {business_time_zone: Mars/Olympus}", "unknown time zone 'Mars/Olympus'"),
        ("company: {currency: euro}", "currency"),
        ("life_cycle: {welcom_days: 3}", "welcom_days"),
        ("margin: {assumed_rate: 3}", "given: 3"),
        ("calendar: {history_complete_from: soon}", "history_complete_from"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(make_home, goodwill, said):
    message = refused(make_home, goodwill=goodwill)
    assert said in message
    assert "goodwill.yml" in message


def test_all_problems_are_told_at_once(make_home):
    message = refused(make_home, goodwill="company: {currency: euro, business_time_zone: Nowhere}")
    assert "currency" in message
    assert "Nowhere" in message


def test_the_commented_template_holds_every_setting_with_its_default():
    written = yaml.safe_load((TEMPLATES / "goodwill.yml").read_text())
    assert BusinessSettings.model_validate(written) == BusinessSettings()
    assert {section: set(keys) for section, keys in written.items()} == {
        section: set(keys) for section, keys in BusinessSettings().model_dump().items()
    }


def test_init_writes_a_home_that_loads_and_never_overwrites(tmp_path):
    write_templates(tmp_path / "home")
    load_business(tmp_path / "home" / "goodwill.yml")
    load_sources(tmp_path / "home" / "sources.yml")
    with pytest.raises(ConfigurationError, match="already there"):
        write_templates(tmp_path / "home")


@pytest.mark.parametrize("demo", sorted(DEMOS))
def test_every_demo_is_an_ordinary_home(tmp_path, demo):
    home = make_demo_home(demo, tmp_path / demo)
    load_business(home / "goodwill.yml")
    assert "orders" in load_sources(home / "sources.yml").entities_given()
