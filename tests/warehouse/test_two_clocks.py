"""What happened is cut at `as_of`, what was known is the batch set: a past pair of the two gives the marts of that night, whatever has come since."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from goodwill.demo import make_demo_home
from goodwill.home import Home

from bench.shop import Parameters, make_shop
from tests.warehouse.compiled import Model, build_events, content_hashes, land, rows

NIGHT = dt.date(2025, 6, 30)
#: The column that dates the rows of each file that grows.
DATED = {
    "orders": "ordered_at",
    "refunds": "refunded_at",
    "contacts": "created_at",
    "contact_events": "occurred_at",
    "consents": "changed_at",
    "subscriptions": "started_at",
    "marketing_spend": "day",
}

Row = dict[str, str]


@dataclass
class Nights:
    """The marts of 30 June 2025: that night, after everything later had landed, and backfilled from what was known that night."""

    home: Home
    batches: set[str]
    late: str
    changed: str
    first: dict[str, tuple[int, int]]
    first_orders: set[tuple[object, ...]]
    hindsight: dict[str, tuple[int, int]]
    hindsight_orders: set[tuple[object, ...]]


def rewrite(file: Path, kept: Callable[[Row], bool], change: Callable[[Row], Row] = lambda row: row) -> None:
    with file.open(newline="") as stream:
        reader = csv.DictReader(stream)
        names, found = list(reader.fieldnames or ()), [change(row) for row in reader if kept(row)]
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(found)


def fill_in_a_referrer(file: Path) -> None:
    """Add a later version to a contact that has been there for long, with the name of its referrer."""
    with file.open(newline="") as stream:
        old = [row for row in csv.DictReader(stream) if row["created_at"][:10] < str(NIGHT)]
    referred = next(row for row in old[1:] if not row["referred_by"])
    with file.open("a", newline="") as stream:
        later = {**referred, "referred_by": old[0]["contact_id"], "updated_at": "2025-08-01T10:00:00Z"}
        csv.DictWriter(stream, list(referred)).writerow(later)


def placed(home: Home) -> set[tuple[object, ...]]:
    return set(rows(home, "select order_id, revenue_amount, margin_by_order_date_amount from marts.fct_orders"))


@pytest.fixture(scope="module")
def nights(events: list[Model], tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("shop")
    make_demo_home("shop", folder)
    make_shop(Parameters(400, 3), folder / "input")
    home, given, whole = Home.at(folder), folder / "input", tmp_path_factory.mktemp("whole") / "input"
    shutil.copytree(given, whole)
    with (given / "orders.csv").open(newline="") as stream:
        early = [row for row in csv.DictReader(stream) if row["ordered_at"] < "2025-06-01" and row["status"] == "paid"]
    late, changed = early[-1]["order_id"], early[-2]["order_id"]

    for name, column in DATED.items():
        rewrite(given / f"{name}.csv", lambda row, column=column: row[column][:10] <= str(NIGHT) and row.get("order_id") != late)
    with (given / "orders.csv").open(newline="") as stream:
        known = {row["order_id"] for row in csv.DictReader(stream)}
    rewrite(given / "order_lines.csv", lambda row: row["order_id"] in known)
    land(home)
    build_events(home, events, NIGHT)
    batches = {batch for (batch,) in rows(home, "select batch_id from control.batches")}
    first, first_orders = content_hashes(home), placed(home)

    shutil.copytree(whole, given, dirs_exist_ok=True)
    dearer = {"net_amount": "999.00", "gross_amount": "999.00", "updated_at": "2025-08-01T10:00:00Z"}
    rewrite(given / "orders.csv", lambda row: True, lambda row: {**row, **dearer} if row["order_id"] == changed else row)
    fill_in_a_referrer(given / "contacts.csv")
    land(home)
    build_events(home, events, NIGHT)
    return Nights(home, batches, late, changed, first, first_orders, content_hashes(home), placed(home))


def test_every_mart_of_a_past_night_is_what_it_was(nights, events, tmp_path, monkeypatch, machine_in):
    """Backfilled years later, on a machine at the other end of the world, in a home that reads the batches of that night."""
    home = Home(shutil.copytree(nights.home.root, tmp_path / "backfill"))
    for manifest in home.landing.glob("*/*/manifest.json"):
        if manifest.parent.name not in nights.batches:
            shutil.rmtree(manifest.parent)
    monkeypatch.setattr("goodwill.warehouse.night.now", lambda: dt.datetime(2031, 1, 1))
    machine_in("America/Los_Angeles")
    build_events(home, events, NIGHT)
    assert rows(home, "select cast(started_at as date) from control.night") == [(dt.date(2031, 1, 1),)]
    assert content_hashes(home) == nights.first
    assert {mart for mart, (count, _) in nights.first.items() if not count} <= {"shared_identifiers"}, "an empty mart proves nothing"


def test_what_happened_later_is_invisible(nights):
    """Half of all events landed after the first night; of those dated before it only a late order and a changed one. A referrer filled in by a
    later version of a contact is no claim yet, though the contact was there.
    """
    landed = rows(nights.home, f"select count(*) from landed.contact_events where occurred_at >= date '{NIGHT}' + 1")[0][0]
    assert landed > 50
    versions = "from landed.contacts where updated_at = '2025-08-01 10:00:00' and referred_by is not null"
    assert rows(nights.home, f"select count(*) {versions}") == [(1,)]
    same = {"fct_contact_events", "message_reactions", "satisfaction", "subscription_movements", "person_contacts", "referral_edges"}
    assert {mart for mart in same if nights.hindsight[mart] != nights.first[mart]} == set()


def test_what_was_learned_later_is_told_apart(nights):
    """A late order, and a changed amount, change the marts of the day they belong to: hindsight is another batch set."""
    differing = {order for order, *_ in nights.first_orders ^ nights.hindsight_orders}
    assert differing == {nights.late, nights.changed}
    assert {"fct_orders", "fct_order_lines", "customer_months", "cohort_retention"} <= {
        mart for mart, found in nights.hindsight.items() if found != nights.first[mart]
    }
