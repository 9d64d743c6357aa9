"""`calendar.as_of: last_event_day`: the last day, up to today, of a row that can be read; a slip of the pen moves no night."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from goodwill import extract
from goodwill.errors import ConfigurationError
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night
from goodwill.warehouse.plan import choose_as_of

SOURCES = """
    sources:
      - name: shop
        path: input/orders_*.csv
        currency: EUR
        duplicates: drop
        entities: {orders: {columns: {order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}}
"""
SETTINGS = "{company: {currency: EUR, business_time_zone: Europe/Paris}, calendar: {as_of: last_event_day}}"
MARCH = "1,2025-03-01 12:00,ann,10\n2,2025-03-02 23:30,bob,20\n"


@pytest.fixture
def day(make_home):
    def of(*files):
        named = {f"orders_{number}.csv": f"id,day,who,amount\n{rows}" for number, rows in enumerate(files)}
        home = make_home(SOURCES, SETTINGS, **named)
        sources = load_sources(home.sources_file)
        extract.land_source(home, sources.sources[0], "Europe/Paris")
        with duckdb.connect() as connection:
            return choose_as_of(Night(home, "r", load_business(home.business_file), sources), connection)

    return of


@pytest.mark.parametrize(
    "slip",
    [
        "3,2999-01-01,cleo,ten\n",
        "3,2031-01-01,,5\n3,2031-01-01,cleo,x\n",
        "3,2099-12-31,cleo,5\n",
        "3,12025-03-03,cleo,5\n",
        "3,2025-04-31,cleo,5\n",
    ],
    ids=["rejected", "rejected twice", "to come", "five digits", "no day"],
)
def test_a_slip_of_the_pen_moves_no_night(day, slip):
    assert day(MARCH + slip) == dt.date(2025, 3, 2)
    assert day(MARCH, slip, "4,2025-02-01,dan,1\n") == dt.date(2025, 3, 2)


def test_the_day_is_that_of_the_company(day):
    assert day("1,2025-03-02T23:30:00Z,ann,10\n") == dt.date(2025, 3, 3)


def test_a_last_day_far_behind_the_slips_is_found(day):
    """Nothing that can be read within days of the latest stamp."""
    slips = "".join(f"{number},2025-0{4 + number % 5}-01,cleo,x\n" for number in range(10, 30))
    assert day(slips + MARCH) == dt.date(2025, 3, 2)


def test_nothing_that_can_be_read_is_said(day):
    with pytest.raises(ConfigurationError, match="no dated row has landed"):
        day("3,2999-01-01,cleo,5\n3,2025-01-01,cleo,x\n")


def test_a_company_that_sells_by_contract_alone_stands_at_the_last_one_begun(make_home):
    sources = SOURCES.replace("orders_*", "members").replace(
        "orders: {columns: {order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}",
        "subscriptions: {columns: {subscription_id: id, started_at: day, contact_ref: who, amount: amount}}",
    )
    home = make_home(sources, SETTINGS, **{"members.csv": "id,day,who,amount\n1,2025-03-01,ann,10\n2,2025-03-04,bob,20\n"})
    sources = load_sources(home.sources_file)
    extract.land_source(home, sources.sources[0], "Europe/Paris")
    with duckdb.connect() as connection:
        assert choose_as_of(Night(home, "r", load_business(home.business_file), sources), connection) == dt.date(2025, 3, 4)
