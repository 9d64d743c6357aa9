"""The files about trade: orders, lines, refunds, products, costs, campaigns, marketing spend, exchange rates."""

from __future__ import annotations

import numpy as np

from bench.shop.frames import Array, Frame, known_day, money, name_of, some, stream
from bench.shop.parameters import CATEGORIES, CHANNELS, DAY_SECONDS, DAYS, FIRST_SECOND, Parameters
from bench.shop.people import People
from bench.shop.relations import CAMPAIGN_EVERY_DAYS, CONTROL_SHARES, TECHNIQUES, campaign_count
from bench.shop.trade import COST_FROM_DAYS, PRODUCTS, Orders, Refunds, unit_costs

__all__ = [
    "campaigns_frame",
    "costs_frame",
    "lines_frame",
    "orders_frame",
    "products_frame",
    "rates_frame",
    "refunds_frame",
    "spend_frame",
]

SOLD_IN = ("web", "store", "marketplace", "phone")
BRANDS = ("Alder", "Birch")
REASONS = ("damaged", "wrong size", "late", "changed mind", "not as described")
SPENT_ON = ("search", "social", "marketplace", "fair")
COST_PER_CUSTOMER = (9.0, 12.0, 7.0, 18.0)
ORDER_ID = "printf('O%09d', {} + 1)"
DATE = f"(make_timestamp({FIRST_SECOND}::bigint * 1000000) + to_days(day::integer))::date"


def orders_frame(at: Parameters, people: People, orders: Orders) -> Frame:
    """One row per order. gross = before discount, net = after it, both without VAT; net is the exact sum of the lines."""
    rng = stream(at.seed, "order rows")
    guest = orders.person < 0
    person = np.maximum(orders.person, 0)
    known = known_day(rng, orders.day, at.late_share)
    return Frame(
        "orders",
        {
            "number": np.arange(orders.count),
            "person": orders.person,
            "by_email": ~guest & people.has_email[person] & some(rng, orders.count, 0.03),
            "second": orders.second,
            "net": orders.net_cents,
            "discount": orders.discount_cents,
            "is_foreign": ~guest & people.is_foreign[person],
            "is_cancelled": orders.is_cancelled,
            "has_coupon": orders.has_coupon,
            "channel": name_of(rng.choice(len(SOLD_IN), orders.count, p=[0.62, 0.22, 0.11, 0.05]), SOLD_IN),
            "brand": name_of((person % 4 == 3).astype(np.int64), BRANDS),
            "has_partner": some(rng, orders.count, 0.02),
            "delay": rng.integers(60, 30 * 3600, orders.count),
            "campaign": np.where(orders.has_coupon, np.minimum(orders.day // CAMPAIGN_EVERY_DAYS, campaign_count() - 1), -1),
        },
        {
            "order_id": ORDER_ID.format("number"),
            "ordered_at": "at_second(second)",
            "contact_ref": "case when person < 0 then null when by_email then email(person) else contact_id(person) end",
            "net_amount": money("net"),
            "currency": f"case when is_foreign then '{at.foreign_currency}' else '{at.reporting_currency}' end",
            "gross_amount": money("(net + discount)"),
            "discount_amount": money("discount"),
            "tax_amount": money("(net // 5)"),
            "shipping_amount": money("(case when net < 6000 then 490 else 0 end)"),
            "shipping_cost": money("(420 + net // 100)"),
            "payment_fee": money("(25 + net * 14 // 1000)"),
            "status": "case when is_cancelled then 'cancelled' when number % 3 = 0 then 'paid' else 'shipped' end",
            "campaign_id": "campaign_id(campaign)",
            "coupon_code": "case when has_coupon then 'SAVE' || (campaign + 1) end",
            "partner_id": "case when has_partner then 'PARTNER' || (number % 5 + 1) end",
            "payment_fingerprint": "case when person >= 0 then md5('card ' || person) end",
            "updated_at": "at_second(second + delay)",
        },
        known,
    )


def lines_frame(orders: Orders, known: Array) -> Frame:
    """One row per line; a twentieth state their own cost, the others have the dated cost of their product."""
    lines = orders.lines
    year = np.searchsorted(COST_FROM_DAYS, orders.day[lines.order], side="right") - 1
    return Frame(
        "order_lines",
        {
            "order": lines.order,
            "line": lines.number,
            "product": lines.product,
            "amount": lines.quantity,
            "price": lines.price_cents,
            "discount": lines.discount_cents,
            "net": lines.net_cents,
            "second": orders.second[lines.order],
            "cost": unit_costs()[lines.product, year],
        },
        {
            "order_id": ORDER_ID.format('"order"'),
            "line_no": "line::varchar",
            "product_id": "printf('P%04d', product + 1)",
            "quantity": "amount::decimal(18,3)",
            "unit_price": "(price * 0.01::decimal(3,2))::decimal(18,4)",
            "discount_amount": money("discount"),
            "net_amount": money("net"),
            "unit_cost": 'case when ("order" + line) % 20 = 0 then cost::decimal(18,4) end',
            "updated_at": "at_second(second)",
        },
        known[lines.order],
    )


def refunds_frame(at: Parameters, people: People, orders: Orders, refunds: Refunds) -> Frame:
    """One row per refund, dated by itself, in the currency of its order."""
    rng = stream(at.seed, "refund rows")
    person = orders.person[refunds.order]
    return Frame(
        "refunds",
        {
            "number": np.arange(len(refunds.order)),
            "order": refunds.order,
            "second": refunds.second,
            "cents": refunds.cents,
            "is_foreign": (person >= 0) & people.is_foreign[np.maximum(person, 0)],
            "reason": name_of(rng.integers(0, len(REASONS), len(refunds.order)), REASONS),
        },
        {
            "refund_id": "printf('R%08d', number + 1)",
            "order_id": ORDER_ID.format('"order"'),
            "refunded_at": "at_second(second)",
            "amount": money("cents"),
            "currency": f"case when is_foreign then '{at.foreign_currency}' else '{at.reporting_currency}' end",
            "updated_at": "at_second(second)",
        },
        known_day(rng, refunds.day, at.late_share * 2),
    )


def products_frame() -> Frame:
    """One row per product."""
    number = np.arange(PRODUCTS)
    category = name_of(number * len(CATEGORIES) // PRODUCTS, [name for name, _ in CATEGORIES])
    return Frame(
        "products",
        {"number": number, "category": category},
        {
            "product_id": "printf('P%04d', number + 1)",
            "name": "category || ' no. ' || (number + 1)",
            "updated_at": f"at_second({FIRST_SECOND})",
        },
    )


def costs_frame() -> Frame:
    """What each product cost from each of the dates on."""
    costs = unit_costs()
    number = np.repeat(np.arange(PRODUCTS), costs.shape[1])
    day = np.tile(COST_FROM_DAYS, PRODUCTS)
    return Frame(
        "product_costs",
        {"number": number, "day": day, "cost": costs.ravel()},
        {
            "product_id": "printf('P%04d', number + 1)",
            "valid_from": DATE,
            "unit_cost": "cost::decimal(18,4)",
            "updated_at": f"{DATE}::timestamp",
        },
        day,
    )


def campaigns_frame() -> Frame:
    """A campaign every other week, techniques in turn, with a control group for most."""
    number = np.arange(campaign_count())
    technique = name_of(number % len(TECHNIQUES), TECHNIQUES)
    starts = number * CAMPAIGN_EVERY_DAYS
    return Frame(
        "campaigns",
        {
            "campaign": number,
            "technique": technique,
            "starts": FIRST_SECOND + starts * DAY_SECONDS,
            "control_share": np.asarray(CONTROL_SHARES)[number % len(CONTROL_SHARES)],
        },
        {
            "campaign_id": "campaign_id(campaign)",
            "name": "technique || ' ' || (campaign + 1)",
            "reward_cost": "case when technique in ('loyalty_points', 'referral_reward') then 5::decimal(18,2) end",
            "stance": "case when technique in ('win_back', 'member_price') then 'defensive' else 'offensive' end",
            "purpose": "case technique when 'welcome' then 'acquisition' when 'win_back' then 'win_back' "
            "when 'referral_reward' then 'referral' else 'retention' end",
            "weight": "(campaign % 5 + 1)::double",
            "offer_cost": "case when technique in ('win_back', 'cross_sell') then 8::decimal(18,2) end",
            "starts_at": "at_second(starts)",
            "ends_at": f"at_second(starts + {14 * DAY_SECONDS})",
            "updated_at": "at_second(starts)",
        },
        starts,
    )


def spend_frame(at: Parameters, people: People) -> Frame:
    """What each paid channel cost each day (it follows the customers it brought), and what each campaign cost to send."""
    rng = stream(at.seed, "spend")
    day = np.tile(np.arange(DAYS), len(SPENT_ON))
    channel = np.repeat(np.arange(len(SPENT_ON)), DAYS)
    brought_on = np.floor(people.first_moment[: people.customers]).astype(np.int64)
    cents = np.empty(len(day), dtype=np.int64)
    for code, name in enumerate(SPENT_ON):
        came = np.bincount(brought_on[people.channel[: people.customers] == CHANNELS.index(name)], minlength=DAYS)[:DAYS]
        smooth = np.convolve(came, np.ones(7) / 7, mode="same") + 0.05
        cents[channel == code] = np.round(100 * COST_PER_CUSTOMER[code] * smooth * rng.uniform(0.8, 1.2, DAYS)).astype(np.int64)
    starts = np.arange(campaign_count()) * CAMPAIGN_EVERY_DAYS
    mailing = np.round(100 * (5 + people.count * 0.004) * rng.uniform(0.8, 1.2, len(starts))).astype(np.int64)
    none = np.full(len(day), -1)
    return Frame(
        "marketing_spend",
        {
            "day": np.concatenate([day, starts]),
            "campaign": np.concatenate([none, np.arange(len(starts))]),
            "channel": name_of(np.concatenate([channel, np.full(len(starts), len(SPENT_ON))]), (*SPENT_ON, "email")),
            "cents": np.concatenate([cents, mailing]),
        },
        {
            "day": DATE,
            "campaign_id": "campaign_id(campaign)",
            "amount": money("cents"),
            "purpose": "case when campaign >= 0 then 'retention' else 'acquisition' end",
            "currency": f"'{at.reporting_currency}'",
        },
        np.concatenate([day, starts]),
    )


def rates_frame(at: Parameters) -> Frame:
    """One rate a day for the foreign currency: a slow random walk."""
    rng = stream(at.seed, "rates")
    rate = np.round(1.04 * np.exp(np.cumsum(rng.normal(0, 0.0015, DAYS))), 6)
    return Frame(
        "exchange_rates", {"day": np.arange(DAYS), "rate": rate}, {"day": DATE, "currency": f"'{at.foreign_currency}'"}, np.arange(DAYS)
    )
