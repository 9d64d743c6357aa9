"""What a reader must know before the figures: where the history begins, what no source gives, what is assumed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from goodwill.entities import ENTITIES
from goodwill.report.formats import PLAIN, count, day, percent
from goodwill.report.intake import Balance
from goodwill.report.night import Night
from goodwill.report.reading import Warehouse

__all__ = ["Notice", "read_notices"]

#: What the figures lack when no source gives an entity.
CONSEQUENCES = {
    "orders": "what is bought by the piece is unknown: customers are those with a contract",
    "contacts": "people are derived from orders and contracts; there are no prospects, channels or names",
    "order_lines": "orders are whole: no categories, no goods costs by line",
    "refunds": "no refund is deducted: revenue is what was ordered",
    "products": "no categories",
    "product_costs": "goods costs are unknown: margins are assumed or left empty",
    "consents": "consent is unknown",
    "contact_events": "messages, visits, complaints and surveys are unknown",
    "campaigns": "campaigns and techniques are unknown",
    "marketing_spend": "acquisition costs are unknown",
    "subscriptions": "nobody has a contract: all customers buy by the piece",
    "exchange_rates": "amounts are taken to be in the reporting currency",
}

#: What says more of orders, and goes without saying where there are none.
OF_ORDERS = ("order_lines", "refunds")


@dataclass(frozen=True)
class Notice:
    """One thing to know: a title, a sentence, and where it helps a list of term and meaning."""

    title: str
    text: str
    items: tuple[tuple[str, str], ...] = ()


def _history(warehouse: Warehouse, night: Night) -> Notice | None:
    begins = night.settings.get("calendar_history_complete_from")
    if not isinstance(begins, dt.date):
        return None
    warm_up = int(night.settings.get("calendar_warm_up_days") or 0)
    known_from = begins + dt.timedelta(days=warm_up)
    text = f"The data begin on {day(begins)}. Whoever first appears before {day(known_from)} was most likely a customer already"
    text += f" ({warm_up} days of warm-up are allowed for)." if warm_up else "."
    if warehouse.has("intermediate.int_customer_facts", "is_left_censored"):
        found = warehouse.row(
            "select count(*) filter (where is_left_censored) as kept_out, count(*) as customers from intermediate.int_customer_facts"
        )
        text += (
            f" {count(found['kept_out'])} of {count(found['customers'])} customers are in this case: they count as customers, "
            "but they are in no cohort and are never counted as new, because nobody knows when they really began."
        )
    return Notice("The history begins in the middle", text)


def _missing(warehouse: Warehouse) -> Notice | None:
    if not warehouse.has("control.sources", "entity"):
        return None
    given = {row["entity"] for row in warehouse.rows("select distinct entity from control.sources")}
    needless = given.union(OF_ORDERS) if "orders" not in given else given
    items = tuple((name, CONSEQUENCES[name]) for name in ENTITIES if name not in needless and name in CONSEQUENCES)
    return (
        Notice("Not given by any source", "These parts of the picture stay empty; nothing is invented for them.", items) if items else None
    )


def _margin(warehouse: Warehouse, night: Night) -> Notice | None:
    table = warehouse.first("marts.clv_customers", "model.clv_scores")
    if table is None or not warehouse.has(table, "margin_is_assumed"):
        return None
    found = warehouse.row(f"select count(*) filter (where margin_is_assumed) as assumed, count(*) as customers from {table}")
    rate = night.settings.get("margin_assumed_rate")
    if not found["assumed"]:
        return None
    how = f"the margin rate of the settings, {percent(rate)}," if rate is not None else "an assumed margin rate"
    text = (
        f"For {count(found['assumed'])} of {count(found['customers'])} customers no cost is known, so their value rests on {how} and not on "
        "measured costs. Comparisons between customers hold; the absolute sums are as good as that rate."
    )
    return Notice("Margins are assumed", text)


def _guests(warehouse: Warehouse) -> Notice | None:
    if not warehouse.has("intermediate.int_customer_facts", "is_guest"):
        return None
    guests = warehouse.row("select count(*) filter (where is_guest) as guests from intermediate.int_customer_facts")["guests"]
    text = f"{count(guests)} orders name nobody. Each is counted as one anonymous customer who bought once; they are never lumped into one."
    return Notice("Orders of guests", text) if guests else None


def _later(balances: tuple[Balance, ...], night: Night) -> Notice | None:
    items = tuple(
        (
            f"{balance.entity} from {balance.source}",
            f"{count(balance.later_rows)} rows" + (f", amounting to {PLAIN.exact(balance.later_amount)}" if balance.later_amount else ""),
        )
        for balance in balances
        if balance.later_rows
    )
    text = f"These rows are dated after {day(night.as_of)}. They are kept and balanced above, but no figure of this night counts them."
    return Notice("Dated after this night", text, items) if items else None


def read_notices(warehouse: Warehouse, night: Night, balances: tuple[Balance, ...]) -> tuple[Notice, ...]:
    """All that applies tonight, the most consequential first."""
    found = (_history(warehouse, night), _margin(warehouse, night), _guests(warehouse), _later(balances, night), _missing(warehouse))
    return tuple(notice for notice in found if notice)
