"""Staging from files: what becomes of each row, whatever the order in which the files arrive, and that no row and no cent is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from goodwill import extract
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, build_layer, open_warehouse, prepare_warehouse
from goodwill.warehouse.layers import run_dbt

SETTINGS = """
company: {name: Test, business_time_zone: Europe/Paris, currency: EUR}
calendar: {as_of: last_event_day}
quality: {refund_patience_days: 10, events_per_second: 3}
"""

SOURCES = """
sources:
  - name: orders
    path: input/orders-*.csv
    entities:
      orders: {columns: [order_id, ordered_at, contact_ref, net_amount, currency, updated_at]}
  - name: refunds
    path: input/refunds.csv
    entities:
      refunds: {columns: [refund_id, order_id, refunded_at, amount]}
  - name: contacts
    path: input/contacts.csv
    entities:
      contacts: {columns: [contact_id, created_at, updated_at, deleted_at]}
"""

FIRST = """order_id,ordered_at,contact_ref,net_amount,currency,updated_at
amended,2024-03-01T10:00:00,ann,10.00,EUR,2024-03-01T10:00:00
again,2024-03-01T10:00:00,ann,20.00,EUR,2024-03-01T10:00:00
reused,2024-03-01T10:00:00,ann,30.00,EUR,2024-03-01T10:00:00
dollars,2024-03-01T10:00:00,ann,40.00,EUR,2024-03-01T10:00:00
nowhere,2024-03-01T10:00:00,ann,50.00,XXX,2024-03-01T10:00:00
epoch,1970-01-01T00:00:00,ann,60.00,EUR,2024-03-01T10:00:00
twice,2024-03-01T10:00:00,ann,70.00,EUR,2024-03-01T10:00:00
twice,2024-03-01T10:00:00,ann,71.00,EUR,2024-03-01T10:00:00
mended,2024-03-01T10:00:00,ann,-80.00,EUR,2024-03-01T10:00:00
spoilt,2024-03-01T10:00:00,ann,90.00,EUR,2024-03-01T10:00:00
newer,2024-03-01T10:00:00,ann,-95.00,EUR,2024-03-03T10:00:00
"""
SECOND = """order_id,ordered_at,contact_ref,net_amount,currency,updated_at
amended,2024-03-01T10:00:00,ann,11.00,EUR,2024-03-02T10:00:00
again,2024-03-01T10:00:00,ann,20.00,EUR,2024-03-01T10:00:00
reused,2024-03-20T10:00:00,bob,31.00,EUR,2024-03-20T10:00:00
dollars,2024-03-01T10:00:00,ann,40.00,USD,2024-03-02T10:00:00
nowhere,2024-03-01T10:00:00,ann,50.00,XXX,2024-03-01T10:00:00
mended,2024-03-01T10:00:00,ann,80.00,EUR,2024-03-01T10:00:00
spoilt,2024-03-01T10:00:00,ann,-90.00,EUR,2024-03-02T10:00:00
newer,2024-03-01T10:00:00,ann,95.00,EUR,2024-03-02T10:00:00
"""
REFUNDS = """refund_id,order_id,refunded_at,amount
half,amended,2024-03-02T10:00:00,5.00
other_half,amended,2024-03-03T10:00:00,6.00
too_much,amended,2024-03-04T10:00:00,0.01
too_soon,again,2024-02-28T10:00:00,1.00
waits,unknown,2024-03-15T10:00:00,1.00
waited,unknown,2024-03-05T10:00:00,1.00
nothing,again,2024-03-02T10:00:00,0.00
"""
CONTACTS = """contact_id,created_at,updated_at,deleted_at
ann,2024-01-01T00:00:00,2024-01-01T00:00:00,
bob,2024-01-01T00:00:00,2024-01-02T00:00:00,2024-01-02T00:00:00
bob,2024-01-01T00:00:00,2024-02-01T00:00:00,
"""

Row = tuple[Any, ...]


def _staged(folder: Path, arrivals: list[dict[str, str]]) -> Home:
    """A home after files arrived one after the other, staged."""
    (folder / "input").mkdir(parents=True)
    (folder / "goodwill.yml").write_text(SETTINGS, encoding="utf-8")
    (folder / "sources.yml").write_text(SOURCES, encoding="utf-8")
    home = Home.at(folder)
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    for files in arrivals:
        for name, text in files.items():
            (folder / "input" / name).write_text(text, encoding="utf-8")
        for source in sources.sources:
            extract.land_source(home, source, business.company.business_time_zone)
    prepare_warehouse(Night(home, "night-1", business, sources))
    build_layer(home, "staging")
    return home


def _rows(home: Home, query: str) -> list[Row]:
    with open_warehouse(home.working_copy, read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """The same files, in both orders of arrival."""
    others = {"refunds.csv": REFUNDS, "contacts.csv": CONTACTS}
    folder = tmp_path_factory.mktemp("staging")
    forward = _staged(folder / "forward", [{"orders-1.csv": FIRST, **others}, {"orders-2.csv": SECOND}])
    backward = _staged(folder / "backward", [{"orders-2.csv": SECOND, **others}, {"orders-1.csv": FIRST}])
    return forward, backward


STATUSES = {
    "orders": {
        ("amended", "10.00", "superseded", "version", None),
        ("amended", "11.00", "accepted", None, None),
        ("again", "20.00", "superseded", "repeat", None),
        ("again", "20.00", "accepted", None, None),
        ("reused", "30.00", "accepted", None, None),
        ("reused", "31.00", "quarantined", None, "KEY_REUSED"),
        ("dollars", "40.00", "accepted", None, None),
        ("dollars", "40.00", "quarantined", None, "MISSING_RATE"),
        ("nowhere", "50.00", "quarantined", None, "UNKNOWN_CURRENCY"),
        ("nowhere", "50.00", "superseded", "repeat", "UNKNOWN_CURRENCY"),
        ("epoch", "60.00", "quarantined", None, "IMPLAUSIBLE_DATE"),
        ("mended", "-80.00", "superseded", "mended", "NEGATIVE_AMOUNT"),
        ("mended", "80.00", "accepted", None, None),
        ("spoilt", "90.00", "accepted", None, None),
        ("spoilt", "-90.00", "quarantined", None, "NEGATIVE_AMOUNT"),
        ("newer", "-95.00", "quarantined", None, "NEGATIVE_AMOUNT"),
        ("newer", "95.00", "accepted", None, None),
        ("twice", "70.00", "superseded", "conflict", None),
        ("twice", "71.00", "accepted", None, None),
    },
    "refunds": {
        ("half", "5.00", "accepted", None, None),
        ("other_half", "6.00", "accepted", None, None),
        ("too_much", "0.01", "quarantined", None, "EXCEEDS_ORDER"),
        ("too_soon", "1.00", "quarantined", None, "BEFORE_ORDER"),
        ("waits", "1.00", "accepted", None, None),
        ("waited", "1.00", "quarantined", None, "UNKNOWN_ORDER"),
        ("nothing", "0.00", "quarantined", None, "AMOUNT_NOT_POSITIVE"),
    },
}


@pytest.mark.parametrize("entity", sorted(STATUSES))
@pytest.mark.parametrize("arrival", [0, 1])
def test_every_row_gets_its_status_whatever_arrives_first(homes: tuple[Home, Home], entity: str, arrival: int) -> None:
    key, amount = {"orders": ("order_id", "net_amount"), "refunds": ("refund_id", "amount")}[entity]
    found = _rows(
        homes[arrival],
        f"select {key}, cast({amount} as varchar), row_status, superseded_as, _problems[1].reason from staging.base_{entity}",
    )
    assert len(found) == len(STATUSES[entity])
    assert set(found) == STATUSES[entity]


@pytest.mark.parametrize("arrival", [0, 1])
def test_a_deleted_contact_stays_deleted(homes: tuple[Home, Home], arrival: int) -> None:
    found = _rows(homes[arrival], "select contact_id, deleted_at is not null from staging.stg_contacts")
    assert sorted(found) == [("ann", False), ("bob", True)]
    assert _rows(homes[arrival], "select reason from staging.quarantine where entity = 'contacts'") == [("RESURRECTED",)]


@pytest.mark.parametrize("arrival", [0, 1])
def test_no_row_and_no_cent_is_lost(homes: tuple[Home, Home], arrival: int) -> None:
    found = _rows(
        homes[arrival],
        "select entity, source_rows, accepted_rows, superseded_rows, quarantined_rows, repeated_rows, conflicting_rows, "
        "cast(source_amount as varchar), is_reconciled from staging.reconciliation where source_rows > 0",
    )
    assert sorted(found) == [
        ("contacts", 3, 2, 0, 1, 0, 0, "0.00", True),
        ("orders", 19, 8, 5, 6, 2, 1, "503.00", True),
        ("refunds", 7, 3, 0, 4, 0, 0, "14.01", True),
    ]


@pytest.mark.parametrize("arrival", [0, 1])
def test_what_stays_and_needs_a_word_is_observed(homes: tuple[Home, Home], arrival: int) -> None:
    found = _rows(homes[arrival], "select entity, code, rows_count, example_row_no from staging.observations")
    assert sorted(found) == [("orders", "CONFLICTING_VERSION", 1, 7), ("refunds", "WAITS_FOR_ORDER", 1, 5)]


def test_rows_too_many_to_keep_in_memory_come_out_as_the_others_do(homes: tuple[Home, Home]) -> None:
    home = homes[0]
    result = run_dbt(
        home,
        ["--quiet", "compile", "--no-print", "--vars", "{rows_kept_in_memory: 0}", "--select", "base_orders base_refunds base_contacts"],
    )
    assert result.success, result.exception
    models = {run.node.name: run.node.compiled_code for run in result.result}
    assert len(models) == 3
    for name, sql in models.items():
        assert "judged as not materialized" in " ".join(sql.split()), name
        ways = f"((from ({sql}) except all from staging.{name}) union all (from staging.{name} except all from ({sql})))"
        assert _rows(home, f"select count(*) from {ways}") == [(0,)], name
        assert _rows(home, f"select count(*) from staging.{name} where row_status <> 'accepted'")[0][0] > 0, name
