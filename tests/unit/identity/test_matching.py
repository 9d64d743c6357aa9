"""Probable matches: what Splink finds among a few hundred people with typing errors, and what is said where it is not installed."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import duckdb
import pytest
from goodwill import identity
from goodwill.errors import ConfigurationError
from goodwill.settings.business import Identity

FIRST = [
    "anna",
    "marie",
    "jules",
    "louis",
    "emma",
    "hugo",
    "lea",
    "nina",
    "paul",
    "oscar",
    "rose",
    "iris",
    "zoe",
    "adam",
    "eva",
    "noah",
    "lina",
    "tom",
    "max",
    "ines",
    "clara",
    "felix",
    "ada",
    "ivan",
    "olga",
]
LAST = [
    "martin",
    "bernard",
    "dubois",
    "thomas",
    "robert",
    "richard",
    "petit",
    "durand",
    "leroy",
    "moreau",
    "simon",
    "laurent",
    "lefebvre",
    "michel",
    "garcia",
    "david",
    "bertrand",
    "roux",
    "vincent",
    "fournier",
    "morel",
    "girard",
    "andre",
    "mercier",
    "dupont",
    "lambert",
    "bonnet",
    "francois",
    "martinez",
]
COLUMNS = "contact_id varchar, created_at timestamp, first_name varchar, last_name varchar, email varchar, phone varchar, postcode varchar, birth_year bigint, country varchar"


def mistyped(rng: random.Random, text: str) -> str:
    """`text` with one letter lost, two swapped, or one too many."""
    place, what = rng.randrange(1, len(text) - 1), rng.randrange(3)
    if what == 0:
        return text[:place] + text[place + 1 :]
    if what == 1:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + rng.choice("abcdefghij") + text[place:]


def people(count: int, doubles: int) -> list[tuple[object, ...]]:
    """So many contacts `c0 …`, the first of them there twice, as `d0 …`, with two of name, address and number mistyped or missing."""
    rng = random.Random(5)
    rows: list[tuple[object, ...]] = []
    for number in range(count):
        person = {
            "first_name": rng.choice(FIRST),
            "last_name": rng.choice(LAST),
            "email": f"person{rng.randrange(10**6)}@mail.example",
            "phone": f"+3361{rng.randrange(10**7):07d}",
        }
        home = (f"{rng.randrange(60):02d}{rng.randrange(20):03d}", rng.randrange(1940, 2005), "FR")
        rows.append((f"c{number}", "2025-01-01", *person.values(), *home))
        if number < doubles:
            wrong = {name: None if name == "phone" else mistyped(rng, person[name]) for name in rng.sample(list(person), 2)}
            rows.append((f"d{number}", "2025-01-02", *(person | wrong).values(), *home))
    return rows


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema staging; create schema model; create schema control")
    connection.execute("create table control.night as select date '2026-01-01' as as_of, 'UTC' as company_business_time_zone")
    connection.execute(f"create table staging.stg_contacts ({COLUMNS})")
    return connection


def found(connection: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]], settings: Identity) -> set[tuple[str, str]]:
    connection.execute("delete from staging.stg_contacts")
    if rows:
        connection.executemany("insert into staging.stg_contacts values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    figures = identity.resolve(connection, settings, Path("no accepted warehouse"))
    pairs = connection.execute("select contact_id, other_contact_id, probability from model.probable_matches").fetchall()
    assert figures.get("probable_matches", 0) == len(pairs)
    assert all(settings.match_probability <= probability <= 1 for _, _, probability in pairs)
    return {(contact, other) for contact, other, _ in pairs}


@pytest.mark.skipif(importlib.util.find_spec("splink") is None, reason="splink is not installed: pip install 'goodwill[matching]'")
def test_people_with_typing_errors_are_found_and_nobody_else(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = people(300, 100)
    pairs = found(warehouse, rows, Identity(probabilistic=True))
    true = {(f"c{number}", f"d{number}") for number in range(100)}
    assert len(pairs & true) >= 90
    assert len(pairs - true) <= 3
    random.Random(1).shuffle(rows)
    assert found(warehouse, rows, Identity(probabilistic=True)) == pairs


@pytest.mark.skipif(importlib.util.find_spec("splink") is None, reason="splink is not installed: pip install 'goodwill[matching]'")
def test_two_of_a_household_are_two_however_much_agrees(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Twins: one name of the family, one number, one place, one year; a second spelling, an initial, and names that changed places are one."""
    rows = people(300, 100)
    shared = ("+33612345678", "75001", 1980, "FR")
    household = {"emma": "emma", "hugo": "hugo", "emna": "emma", "e.": "emma"}
    for first in household:
        rows.append((f"t-{first}", "2025-01-03", first, "delacroix", f"{first}.d@mail.example", *shared))
    rows.append(("t-turned", "2025-01-03", "delacroix", "emma", "emma.d@mail.example", *shared))
    pairs = {pair for pair in found(warehouse, rows, Identity(probabilistic=True)) if pair[0].startswith("t-")}
    assert pairs, "something of the household is one person"
    assert not [pair for pair in pairs if "t-hugo" in pair]
    assert ("t-emma", "t-emna") in pairs


@pytest.mark.skipif(importlib.util.find_spec("splink") is None, reason="splink is not installed: pip install 'goodwill[matching]'")
def test_too_few_contacts_to_learn_from_match_nobody(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert found(warehouse, people(50, 20), Identity(probabilistic=True)) == set()
    assert found(warehouse, [], Identity(probabilistic=True)) == set()


def test_nothing_is_matched_unless_it_is_wanted(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert found(warehouse, people(300, 100), Identity()) == set()


def test_without_the_package_the_remedy_is_said(warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"goodwill\[matching\]"):
        found(warehouse, [], Identity(probabilistic=True))
