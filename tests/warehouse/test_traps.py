"""Traps that well-known packages fall into, on one small shop through the whole of the SQL."""

from __future__ import annotations

import datetime as dt

import pytest
from goodwill.home import Home

from tests.warehouse.compiled import Model, build_events, land, rows

AS_OF = dt.date(2024, 12, 31)
STEADY = 20

SOURCES = """
sources:
  - name: orders
    path: input/orders.csv
    entities:
      orders: {columns: [order_id, ordered_at, contact_ref, net_amount]}
  - name: refunds
    path: input/refunds.csv
    entities:
      refunds: {columns: [refund_id, order_id, refunded_at, amount]}
"""


@pytest.fixture(scope="module")
def home(events: list[Model], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Twenty who buy every ten days and never leave, five guests of one day, and one order that is half refunded three months later."""
    folder = tmp_path_factory.mktemp("traps")
    (folder / "input").mkdir()
    (folder / "goodwill.yml").write_text("company: {currency: EUR}\nmargin: {assumed_rate: 0.5}\n")
    (folder / "sources.yml").write_text(SOURCES)
    orders = [f"guest-{number},2024-02-10T10:00:00Z,,10.00" for number in range(5)] + ["late,2024-02-10T10:00:00Z,late,100.00"]
    for person in range(STEADY):
        day, number = dt.date(2024, 1, 1 + person), 0
        while day <= AS_OF:
            orders.append(f"s{person}-{number},{day}T12:00:00Z,steady-{person},10.00")
            day, number = day + dt.timedelta(days=10), number + 1
    (folder / "input" / "orders.csv").write_text("\n".join(["order_id,ordered_at,contact_ref,net_amount", *orders]) + "\n")
    (folder / "input" / "refunds.csv").write_text("refund_id,order_id,refunded_at,amount\nr,late,2024-05-15T10:00:00Z,40.00\n")
    home = Home.at(folder)
    land(home)
    build_events(home, events, AS_OF)
    return home


def test_who_never_leaves_is_retained_at_every_age_that_can_be_seen(home: Home) -> None:
    """Flat at 1, by window and rolling; the last age that not all twenty can have reached is unknown, not nothing."""
    found = rows(
        home,
        "select age, customers_count, customers_eligible, retention_rate, rolling_retention_rate from marts.cohort_retention "
        "where cohort_month = date '2024-01-01' and acquisition_channel = 'all' order by age",
    )
    mature = [row for row in found if row[0] <= 10]
    assert mature == [(age, STEADY, STEADY, 1.0, 1.0) for age in range(11)]
    immature = [row for row in found if row[0] > 10]
    assert immature
    assert all(row[1] == STEADY and row[2] < STEADY and row[3:] == (None, None) for row in immature)


def test_guests_are_not_one_customer(home: Home) -> None:
    assert rows(home, "select count(distinct person_id), max(purchase_days) from intermediate.int_customer_facts where is_guest") == [
        (5, 1)
    ]
    found = rows(
        home,
        "select max(customers_count) from marts.cohort_retention where cohort_month = date '2024-02-01' and acquisition_channel = 'all'",
    )
    assert found == [(1,)], "nor in a cohort"


def test_a_late_refund_is_seen_by_two_clocks(home: Home) -> None:
    """Finance deducts it in May; the cohort's own month is restated. In the end both have lost the same 40."""
    by_month = rows(
        home, "select cast(month as varchar), margin_by_event_date_amount from marts.customer_months where person_id = 'late' order by 1"
    )
    assert by_month == [("2024-02-01", 50), ("2024-05-01", -40)]
    cohort = rows(
        home,
        "select age, cumulative_ltv_amount from marts.cohort_retention "
        "where cohort_month = date '2024-02-01' and acquisition_channel = 'all' and age in (0, 3) order by age",
    )
    assert cohort == [(0, 10), (3, 10)]
    orders = rows(home, "select margin_by_event_date_amount, margin_by_order_date_amount from marts.fct_orders where order_id = 'late'")
    assert orders == [(50, 10)]
