"""What the shop sells: orders with their lines, refunds, products with dated costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shop.frames import Array, some, stream
from bench.shop.parameters import CATEGORIES, DAY_SECONDS, DAYS, FIRST_SECOND, Parameters
from bench.shop.people import People

__all__ = ["COST_FROM_DAYS", "PRODUCTS", "Lines", "Orders", "Refunds", "make_orders", "make_refunds", "unit_costs"]

LADDER = 30  # products of a category, one price step apart
PRODUCTS = LADDER * len(CATEGORIES)
LOWEST_PRICE, HIGHEST_PRICE = 2.0, 400.0
COST_FROM_DAYS = (0, 365, 731)  # a new purchase price each year
COST_INFLATION = 1.03
SWITCH_DAY = DAYS - 1  # the last day has no late hours: its evening would be tomorrow in Paris


@dataclass(frozen=True)
class Lines:
    """Order lines, grouped by order: position of the order, cents, product."""

    order: Array
    number: Array
    product: Array
    quantity: Array
    price_cents: Array
    discount_cents: Array
    net_cents: Array


@dataclass(frozen=True)
class Orders:
    """Orders by time. `person` is -1 for a guest; `second` is the time since 1970; `net_cents` is the exact sum of the lines."""

    person: Array
    day: Array
    second: Array
    is_cancelled: Array
    has_coupon: Array
    net_cents: Array
    discount_cents: Array
    lines: Lines

    @property
    def count(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Refunds:
    """Refunds by time: position of the order, when, how much."""

    order: Array
    second: Array
    day: Array
    cents: Array
    is_full: Array


def list_prices() -> Array:
    """List price of each product: a ladder per category."""
    steps = np.exp(np.linspace(np.log(LOWEST_PRICE), np.log(HIGHEST_PRICE), LADDER))
    return np.tile(steps, len(CATEGORIES))


def unit_costs() -> Array:
    """Cost of each product (rows) from each date of `COST_FROM_DAYS` (columns), four decimals."""
    margin = np.repeat([share for _, share in CATEGORIES], LADDER)
    first = list_prices() * (1 - margin)
    costs: Array = np.round(first[:, None] * COST_INFLATION ** np.arange(len(COST_FROM_DAYS)), 4)
    return costs


def _seconds(rng: np.random.Generator, day: Array) -> Array:
    """A moment of the day in shop hours, and one in a hundred late in the evening (already tomorrow in Paris)."""
    hour = 6 + 15 * rng.beta(2.2, 1.8, len(day))
    late = some(rng, len(day), 0.01) & (day < SWITCH_DAY)
    hour = np.where(late, 22.5 + 1.4 * rng.random(len(day)), hour)
    seconds: Array = (FIRST_SECOND + day * DAY_SECONDS + hour * 3600).astype(np.int64)
    return seconds


def _lines(rng: np.random.Generator, person: Array, value: Array, discount_rate: Array) -> Lines:
    """Split the value of each order over its lines so that quantity * price - discount = net, to the cent."""
    per_order = 1 + np.minimum(rng.poisson(0.8, len(value)), 5)
    order = np.repeat(np.arange(len(value)), per_order)
    starts = np.cumsum(per_order) - per_order
    weight = rng.exponential(1.0, len(order)) + 0.15
    weight /= np.add.reduceat(weight, starts)[order]
    quantity = rng.choice([1, 2, 3], len(order), p=[0.8, 0.15, 0.05])
    rate = discount_rate[order]
    price = np.maximum(np.round(100 * value[order] * weight / (quantity * (1 - rate))), 50).astype(np.int64)
    discount = np.round(quantity * price * rate).astype(np.int64)
    favourite = np.where(person[order] >= 0, person[order] % len(CATEGORIES), rng.integers(0, len(CATEGORIES), len(order)))
    category = np.where(some(rng, len(order), 0.6), favourite, rng.integers(0, len(CATEGORIES), len(order)))
    step = np.log(HIGHEST_PRICE / LOWEST_PRICE) / (LADDER - 1)
    rung = np.round(np.log(price / 100 / LOWEST_PRICE) / step).clip(0, LADDER - 1).astype(np.int64)
    return Lines(
        order=order,
        number=np.arange(len(order)) - starts[order] + 1,
        product=category * LADDER + rung,
        quantity=quantity,
        price_cents=price,
        discount_cents=discount,
        net_cents=quantity * price - discount,
    )


def make_orders(at: Parameters, people: People) -> Orders:
    """All orders: the purchases of the process, cancelled orders beside it, guests for the rest."""
    rng = stream(at.seed, "orders")
    bought = people.purchases
    cancelled = round(at.orders * at.cancelled_share)
    guests = at.orders - len(bought.person) - cancelled
    who = rng.integers(0, people.customers, cancelled)
    since = people.first_moment[who]
    person = np.concatenate([bought.person, who, np.full(guests, -1)])
    moment = np.concatenate([bought.moment, since + rng.random(cancelled) * (DAYS - since), DAYS * rng.random(guests)])
    is_cancelled = np.zeros(len(person), dtype=bool)
    is_cancelled[len(bought.person) : len(bought.person) + cancelled] = True
    day = np.floor(moment).astype(np.int64).clip(0, DAYS - 1)
    second = _seconds(rng, day)
    by_time = np.argsort(second, kind="stable")
    person, day, second, is_cancelled = person[by_time], day[by_time], second[by_time], is_cancelled[by_time]

    guest = person < 0
    value_rate = np.where(guest, rng.gamma(at.q, 1 / at.v, len(person)), people.mean_value_rate[person])
    value = rng.gamma(at.p, 1.0, len(person)) / value_rate
    promotion = np.where(guest, False, people.is_promotion_only[person])
    coupon = promotion | some(rng, len(person), at.coupon_share)
    rate = np.where(coupon, rng.choice([0.10, 0.15, 0.20], len(person)), 0.0)
    lines = _lines(rng, person, value, rate)
    starts = np.flatnonzero(lines.number == 1)
    return Orders(
        person=person,
        day=day,
        second=second,
        is_cancelled=is_cancelled,
        has_coupon=coupon,
        net_cents=np.add.reduceat(lines.net_cents, starts),
        discount_cents=np.add.reduceat(lines.discount_cents, starts),
        lines=lines,
    )


def make_refunds(at: Parameters, people: People, orders: Orders) -> Refunds:
    """Full and partial refunds, days to weeks after the order; what would happen after the last day has not happened."""
    rng = stream(at.seed, "refunds")
    bad = np.where(orders.person >= 0, people.is_unprofitable[orders.person], False)
    share = np.where(bad, at.unprofitable_refund_share, at.refund_share)
    chosen = np.flatnonzero(some(rng, orders.count, share) & ~orders.is_cancelled)
    full = some(rng, len(chosen), 0.6)
    part = np.floor(orders.net_cents[chosen] * rng.uniform(0.2, 0.8, len(chosen))).astype(np.int64)
    cents = np.where(full, orders.net_cents[chosen], part)
    second = orders.second[chosen] + ((2 + rng.exponential(12, len(chosen))) * DAY_SECONDS).astype(np.int64)
    # A few partial refunds are followed by another one for half of what is left.
    again = np.flatnonzero(~full & some(rng, len(chosen), 0.1))
    rest = (orders.net_cents[chosen[again]] - cents[again]) // 2
    order = np.concatenate([chosen, chosen[again]])
    cents = np.concatenate([cents, rest])
    full = np.concatenate([full, np.zeros(len(again), dtype=bool)])
    second = np.concatenate([second, second[again] + (1 + rng.integers(0, 20, len(again))) * DAY_SECONDS])
    happened = np.flatnonzero((second < FIRST_SECOND + DAYS * DAY_SECONDS - 2 * 3600) & (cents > 0))
    by_time = happened[np.argsort(second[happened], kind="stable")]
    return Refunds(
        order=order[by_time],
        second=second[by_time],
        day=(second[by_time] - FIRST_SECOND) // DAY_SECONDS,
        cents=cents[by_time],
        is_full=full[by_time],
    )
