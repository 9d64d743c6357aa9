"""Whom a number or an address means: the one is read as in the country of each contact, the other without what is written around it."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source
from goodwill.extract.batches import rows_file
from goodwill.extract.roles import address
from goodwill.forgetting import Request, erase
from goodwill.forgetting.finding import Asked, find
from goodwill.privacy.forgotten import WRAPPED_ADDRESS, Forgotten, email_key
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.sql import literal

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


SPELLINGS = [
    "mailto:Ida@x.org",
    "Ida Li <IDA@x.org>",
    "'ida@x.org'",
    "ida@x.org.",
    "<ida@x.org>;",
    "ida\uff20x.org",
    "mailto:ida@x.org?subject=Hello",
]


@pytest.mark.parametrize(
    "spelling", [*SPELLINGS, "ida.b@x.org", "ida@x.org; ole@x.org", "ida li ida@x.org", "not_ida@x.org", "ida@x.org.uk", None]
)
def test_an_address_is_one_however_programs_wrap_it(spelling):
    """The key in Python and in SQL are one; the macro has its own test of the same."""
    key = email_key(spelling or "")
    assert (key == "email:ida@x.org") == (spelling in SPELLINGS)
    assert duckdb.sql(f"select {address(literal(spelling) if spelling else 'null::varchar')}").fetchone() == (key,)


@pytest.mark.parametrize(
    "text", ["a@" + "." * 200_000 + "x", "a <" + "\t" * 200_000 + "x@", "a@b?" + "." * 200_000 + " x", "a" * 200_000 + "@ b"]
)
def test_a_long_text_in_place_of_an_address_costs_what_it_is_long(text):
    began = time.process_time()
    assert email_key(text)
    assert time.process_time() - began < 5, "it is a tenth of a second; what grows with the square takes minutes"


def test_the_macro_reads_what_python_reads():
    macro = Path(__file__).resolve().parents[3] / "dbt_project" / "macros" / "dialect" / "text.sql"
    assert f"'{WRAPPED_ADDRESS.replace(chr(39), chr(39) * 2)}'" in macro.read_text(encoding="utf-8")


def sent(home, mail, phone=""):
    home.root.joinpath("input", "people.csv").write_text(f"nr,phone,country,first,mail,since\n1,{phone},FR,Ida,{mail},2024-01-01\n")
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")


@pytest.mark.parametrize("spelling", [SPELLINGS[0], "ida@x.org"])
def test_whoever_is_known_by_a_wrapped_address_is_found_and_does_not_come_back_with_another(home, spelling):
    sent(home, spelling)
    erase(home, Asked(email="Ida Li <ida@x.org>"), Request("Ines", "asked"))
    lines = [f"{90 + number},0612345679,FR,Ida,{each},2024-01-01" for number, each in enumerate(SPELLINGS)]
    home.root.joinpath("input", "people.csv").write_text("\n".join(["nr,phone,country,first,mail,since", *lines]) + "\n")
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    rows = duckdb.sql(f"select mail, phone, first from read_parquet('{newest(home)}')").fetchall()
    assert len(rows) == len(SPELLINGS)
    assert all(mail.endswith("@erased.invalid") for mail, *_ in rows)
    assert {(phone, first) for _, phone, first in rows} == {(None, None)}


def newest(home):
    source = load_sources(home.sources_file).sources[0]
    return rows_file(home, active_batches(home, source)[-1])


def test_an_address_or_a_number_beside_others_is_for_a_person_to_judge(home):
    sent(home, "ida@x.org; work@x.org", "0612345678 / 0611110077")
    for asked in (Asked(email="work@x.org"), Asked(phone="+33 6 11 11 00 77")):
        with pytest.raises(GoodwillError, match=r"stands with others in the cell of 1 contact: crm:1\n(.|\n)*--person"):
            erase(home, asked, Request("Ines", "asked"))
    erase(home, Asked(person="crm:1"), Request("Ines", "asked"))


def test_a_guest_of_an_address_is_found_though_it_stands_beside_another_in_somebody_elses_cell(home):
    sent(home, "ida@x.org; work@x.org")
    home.root.joinpath("input", "sales.csv").write_text("nr,day,who,paid\n7,2024-02-01,work@x.org,10.00\n")
    land_source(home, load_sources(home.sources_file).sources[1], "UTC")
    done = erase(home, Asked(email="work@x.org"), Request("Ines", "asked"))
    assert (done.people, done.left) == (1, ())
    source = load_sources(home.sources_file).sources[1]
    ((who,),) = duckdb.sql(f"select who from read_parquet('{rows_file(home, active_batches(home, source)[-1])}')").fetchall()
    assert who.endswith("@erased.invalid")
