"""A whole shop, from a seed to files, with the truth about it beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.shop.frames import Frame
from bench.shop.parameters import Parameters
from bench.shop.people import make_people
from bench.shop.relations import make_events
from bench.shop.tables_people import (
    BY_CODE,
    BY_EMAIL,
    BY_ID,
    CYCLE,
    SELF,
    UNKNOWN,
    Contacts,
    consents_frame,
    contacts_frame,
    events_frame,
    make_contacts,
    subscriptions_frame,
)
from bench.shop.tables_trade import (
    campaigns_frame,
    costs_frame,
    lines_frame,
    orders_frame,
    products_frame,
    rates_frame,
    refunds_frame,
    spend_frame,
)
from bench.shop.trade import make_orders, make_refunds
from bench.shop.writing import Format, write

__all__ = ["make_shop"]


class _Shop:
    """The frames of a shop, made one after the other so that only one is held at a time, and the totals met on the way."""

    def __init__(self, at: Parameters, nights: int) -> None:
        self.at, self.nights = at, nights
        self.totals: dict[str, Any] = {}

    def frames(self) -> Iterator[Frame]:
        at = self.at
        people = make_people(at)
        orders = make_orders(at, people)
        refunds = make_refunds(at, people, orders)
        contacts = make_contacts(at, people, orders)
        paid = ~orders.is_cancelled
        self.totals = {
            "customers": people.customers,
            "prospects": people.prospects,
            "unprofitable_customers": int(people.is_unprofitable.sum()),
            "guest_orders": int((orders.person < 0).sum()),
            "cancelled_orders": int(orders.is_cancelled.sum()),
            "net_amount_cents": int(orders.net_cents.sum()),
            "net_amount_cents_paid": int(orders.net_cents[paid].sum()),
            "refunded_cents": int(refunds.cents.sum()),
            "full_refunds": int(refunds.is_full.sum()),
            "referrals": _referral_totals(contacts),
        }
        order_rows = orders_frame(at, people, orders)
        assert order_rows.known is not None
        known = order_rows.known
        yield order_rows
        yield lines_frame(orders, known)
        yield refunds_frame(at, people, orders, refunds)
        yield contacts_frame(at, people, contacts, self.nights)
        yield consents_frame(at, people, contacts)
        yield subscriptions_frame(at, people, contacts)
        yield spend_frame(at, people)
        yield products_frame()
        yield costs_frame()
        yield campaigns_frame()
        yield rates_frame(at)
        events = make_events(at, people, orders, contacts.created)
        del orders, order_rows, known
        yield events_frame(at, people, events)


def _referral_totals(contacts: Contacts) -> dict[str, int]:
    names = {"by_id": BY_ID, "by_email": BY_EMAIL, "by_code": BY_CODE, "self": SELF, "cycle": CYCLE, "unknown": UNKNOWN}
    return {name: int(np.count_nonzero(contacts.referral_kind == kind)) for name, kind in names.items()}


def make_shop(at: Parameters, out: Path, form: Format = "csv", nights: int = 0, dirt: float = 0.0) -> dict[str, Any]:
    """Write a shop and `truth.json`: parameters, rows, totals, and every row made bad.

    Returns
    -------
    The content of `truth.json`.
    """
    shop = _Shop(at, nights)
    written = write(shop.frames(), out, at.seed, form, nights, dirt)
    truth = {
        "parameters": at.as_dict(),
        "format": form,
        "nights": nights,
        "dirt": dirt,
        "rows": written.rows,
        "totals": shop.totals,
        "injected_rows": len(written.injected),
        "injected": written.injected,
    }
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return truth
