"""Whom a number means: it is read as in the country of each contact, as the number of the contact is."""

from __future__ import annotations

import pytest
from goodwill.errors import GoodwillError
from goodwill.extract import land_source
from goodwill.forgetting import Request, erase
from goodwill.forgetting.finding import Asked, find
from goodwill.privacy.forgotten import Forgotten
from goodwill.settings import load_business
from goodwill.sources import load_sources

SOURCES = """
    sources:
      - name: people
        path: input/people.csv
        system: crm
        entities:
          contacts: {columns: {contact_id: nr, phone: phone, country: country, first_name: first, email: mail, created_at: since}}
      - name: sales
        path: input/sales.csv
        system: shop
        currency: EUR
        entities:
          orders: {columns: {order_id: nr, ordered_at: day, contact_ref: who, net_amount: paid}}
"""
PEOPLE = """
    nr,phone,country,first,mail,since
    1,0172 5566778,DE,Ida,ida@x.org,2024-01-01
    2,0664 1234567,Austria,Ole,ole@x.org,2024-01-01
    3,0041 44 668 18 00,CH,Pia,pia@x.org,2024-01-01
    4,06 12 34 56 78,,Zoe,zoe@x.org,2024-01-01
    5,+49 664 1234567,DE,Ute,ute@x.org,2024-01-01
"""


@pytest.fixture
def home(make_home):
    made = make_home(SOURCES, **{"people.csv": PEOPLE, "sales.csv": "nr,day,who,paid\n1,2024-02-01,1,10.00\n"})
    for source in load_sources(made.sources_file).sources:
        land_source(made, source, "UTC")
    return made


def found(home, phone):
    known = find(home, load_sources(home.sources_file), load_business(home.business_file), Asked(phone=phone))
    return known.contacts if known else None


@pytest.mark.parametrize(
    ("phone", "contact"),
    [
        ("0172 5566778", "crm:1"),
        ("0172/55 66 778", "crm:1"),
        ("+49 172 5566778", "crm:1"),
        ("0049 (0)172 5566778", "crm:1"),
        ("044 668 18 00", "crm:3"),
        ("+43 664 1234567", "crm:2"),
        ("06 12 34 56 78", "crm:4"),
        ("+33 6 12 34 56 78", "crm:4"),
        ("0172 5566779", None),
    ],
)
def test_a_number_is_found_in_any_notation_without_a_region_of_the_company(home, phone, contact):
    assert found(home, phone) == ((contact,) if contact else None)


def test_a_number_that_two_countries_know_is_of_two_people(home):
    home.root.joinpath("input", "people.csv").write_text(
        "nr,phone,country,first,mail,since\n1,0664 1234567,AT,Ole,o@x.org,2024-01-01\n5,0664 1234567,DE,Ute,u@x.org,2024-01-01\n"
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    with pytest.raises(GoodwillError, match="people are known by that"):
        found(home, "0664 1234567")


def test_whoever_is_erased_is_known_by_every_notation_since(home):
    erase(home, Asked(phone="0172 5566778"), Request("Ines", "asked"))
    listed = Forgotten.of(home)
    assert all(listed.person(f"phone:{digits}") for digits in ("01725566778", "1725566778", "491725566778", "00491725566778"))
    with pytest.raises(GoodwillError, match="any more: they were forgotten"):
        erase(home, Asked(phone="0172 5566778"), Request("Ines", "asked"))
    with pytest.raises(GoodwillError, match=r"nobody is known by that\n(.|\n)*with its country's code"):
        erase(home, Asked(phone="0172 5566779"), Request("Ines", "asked"))
