"""Random histories of a small shop: what arrives night by night, late, twice, changed, taken back and out of order."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.home import Home
from hypothesis import strategies as st

__all__ = ["FIRST_DAY", "Night", "arrive", "lay_out", "nights"]

FIRST_DAY = dt.date(2025, 3, 28)  # the clocks go forward two nights later
ROW = dict[str, str]

#: Settings that make rare things frequent, and that never let a night build in full because much of so little is new.
GOODWILL = """
company: {currency: EUR, business_time_zone: Europe/Paris}
quality: {events_per_second: 1, refund_patience_days: 2, quarantine_share: 1.0}
identity: {default_region: FR}
margin: {assumed_rate: 0.3}
warehouse: {full_build_share: 1.0, full_build_rows: 0}
"""


def _of(*values: object) -> st.SearchStrategy[str]:
    return st.sampled_from(["" if value is None else str(value) for value in values])


def _moments(days: int = 9) -> st.SearchStrategy[str]:
    """Moments in UTC; late in the evening it is the next day in Paris."""
    hours = st.sampled_from((0, 9, 12, 22, 23))
    return st.builds(lambda day, hour: f"{FIRST_DAY + dt.timedelta(days=day - 3)}T{hour:02}:30:01Z", st.integers(0, days), hours)


_DAYS = st.integers(0, 9).map(lambda day: str(FIRST_DAY + dt.timedelta(days=day - 4)))
_UPDATED = st.one_of(st.just(""), _moments())
_CONTACTS = ("c1", "c2", "c3", "c4")
_REFS = _of(*_CONTACTS, "ann@x.org", "bob@x.org", "nobody", None)
_ORDERS = ("o1", "o2", "o3", "o4", "o5", "o6")
_PRODUCTS = ("p1", "p2", "p3")
_KINDS = ("message_sent", "opened", "clicked", "delivered", "visit", "complaint_opened", "survey_answered", "unsubscribed", "teleported")

#: Entity → column → what it may hold.
ROWS: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "orders": {
        **{
            "order_id": _of(*_ORDERS, None),
            "ordered_at": _moments(),
            "contact_ref": _REFS,
            "net_amount": _of("10.00", "20.55", "99.99", "-1", "oops"),
        },
        **{"currency": _of("EUR", "USD", "XXX", None), "status": _of("paid", "cancelled"), "coupon_code": _of(None, "SPRING")},
        **{"shipping_cost": _of(None, "2.50"), "updated_at": _UPDATED},
    },
    "order_lines": {
        **{"order_id": _of(*_ORDERS, None), "line_no": _of(1, 2, 3), "product_id": _of(*_PRODUCTS), "quantity": _of(1, 2, 0)},
        **{"unit_price": _of("5.00", "7.77"), "unit_cost": _of(None, "3.00"), "updated_at": _UPDATED},
    },
    "refunds": {
        **{
            "refund_id": _of("r1", "r2", "r3", None),
            "order_id": _of(*_ORDERS, None),
            "contact_ref": _of(None, "c1", "c2"),
            "refunded_at": _moments(12),
        },
        **{"amount": _of("1.50", "9.00", "200.00"), "currency": _of(None, "EUR", "USD"), "updated_at": _UPDATED},
    },
    "contacts": {
        **{"contact_id": _of(*_CONTACTS), "created_at": _moments(6), "email": _of("ann@x.org", "bob@x.org", "cy@x.org", None)},
        **{
            "phone": _of(None, "06 12 34 56 78"),
            "first_name": _of("Ann", "Bob"),
            "last_name": _of("X"),
            "merged_into": _of(None, None, *_CONTACTS),
        },
        **{"deleted_at": st.one_of(st.just(""), st.just(""), _moments(12)), "referred_by": _of(None, *_CONTACTS), "updated_at": _UPDATED},
    },
    "contact_events": {
        **{
            "event_id": _of("e1", "e2", "e3", "e4", "e5", "e6", None),
            "contact_ref": _REFS,
            "occurred_at": _moments(),
            "kind": _of(*_KINDS),
        },
        **{"channel": _of("email"), "message_id": _of(None, "m1", "m2"), "variant": _of(None, "nps"), "score": _of(None, "9", "11")},
        **{"cost": _of(None, "0.10"), "updated_at": _UPDATED},
    },
    "consents": {
        **{
            "contact_id": _of(*_CONTACTS),
            "channel": _of("email"),
            "purpose": _of("marketing"),
            "changed_at": _moments(),
            "granted": _of("true", "false"),
        },
    },
    "products": {"product_id": _of(*_PRODUCTS), "name": _of("Tea", "Cup"), "category": _of("food", "home"), "updated_at": _UPDATED},
    "product_costs": {"product_id": _of(*_PRODUCTS), "valid_from": _DAYS, "unit_cost": _of("2.00", "4.00"), "updated_at": _UPDATED},
    "exchange_rates": {"day": _DAYS, "currency": _of("USD"), "rate": _of("0.9", "0.8")},
    "marketing_spend": {"day": _DAYS, "channel": _of("search", "fair"), "amount": _of("5.00", "0"), "currency": _of("EUR", "USD")},
    "identity_decisions": {
        **{
            "contact_id": _of("c1", "c2"),
            "other_contact_id": _of("c3", "c4"),
            "decided_at": _moments(),
            "decision": _of("same", "different"),
        },
    },
}


_REPLACED = st.sampled_from((None, None, "contacts", "refunds", "exchange_rates", "products", "product_costs"))


@dataclass(frozen=True)
class Night:
    """What arrives before a night, the days since the night before, which earlier night's files arrive once more under other names, and of
    which entity the first file is replaced instead of a new one coming.
    """

    rows: dict[str, list[ROW]]
    days: int
    resent: int | None
    replaced: str | None


def _night(first: bool) -> st.SearchStrategy[Night]:
    least, most = (2, 8) if first else (0, 3)
    rows = {entity: st.lists(st.fixed_dictionaries(columns), min_size=least, max_size=most) for entity, columns in ROWS.items()}
    return st.builds(
        Night, st.fixed_dictionaries(rows), st.sampled_from((0, 1, 1, 3)), st.sampled_from((None, None, None, 0, 1)), _REPLACED
    )


def nights(count: int) -> st.SearchStrategy[list[Night]]:
    """Histories of so many nights."""
    return st.builds(lambda first, rest: [first, *rest], _night(True), st.lists(_night(False), min_size=count - 1, max_size=count - 1))


def lay_out(folder: Path) -> Home:
    """A home that reads a folder of files each night."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "input").mkdir(parents=True)
    (folder / "goodwill.yml").write_text(GOODWILL)
    sources = [
        f"  - {{name: {entity}, path: input/*/{entity}.csv, entities: {{{entity}: {{columns: [{', '.join(columns)}]}}}}}}"
        for entity, columns in ROWS.items()
    ]
    (folder / "sources.yml").write_text("sources:\n" + "\n".join(sources) + "\n")
    return Home.at(folder)


def arrive(home: Home, history: list[Night], number: int) -> dt.date:
    """The files of one night arrive; the day it stands at."""
    night = history[number]
    for entity, columns in ROWS.items():
        if night.rows[entity] or not number:
            folder = "000" if entity == night.replaced else f"{number:03}"
            _write(home.root / "input" / folder / f"{entity}.csv", list(columns), night.rows[entity])
    if night.resent is not None and night.resent < number:
        shutil.copytree(home.root / "input" / f"{night.resent:03}", home.root / "input" / f"{number:03}-again")
    return FIRST_DAY + dt.timedelta(days=sum(each.days for each in history[: number + 1]))


def _write(file: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
