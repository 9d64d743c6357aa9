"""The people of the shop: who they are, when they buy, who brought them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shop.frames import Array, some, stream
from bench.shop.parameters import CHANNELS, CITIES, DAYS, Parameters

__all__ = ["People", "Purchases", "make_people"]

REFERRAL = CHANNELS.index("referral")
SWISS = 10  # the first of the two cities whose people pay in the foreign currency


@dataclass(frozen=True)
class Purchases:
    """Purchases of known customers: person and moment (days since the first day, with a fraction)."""

    person: Array
    moment: Array


@dataclass(frozen=True)
class People:
    """Customers in the order of their first purchase, then prospects. Arrays by person number.

    `referred_by` is -1 for most; it always points to an earlier customer, so the edges form a forest.
    """

    customers: int
    prospects: int
    first_moment: Array
    mean_value_rate: Array
    city: Array
    channel: Array
    referred_by: Array
    has_email: Array
    is_unprofitable: Array
    is_promotion_only: Array
    satisfaction: Array
    purchases: Purchases

    @property
    def count(self) -> int:
        return self.customers + self.prospects

    @property
    def is_foreign(self) -> Array:
        foreign: Array = self.city >= SWISS
        return foreign


def _purchases(rng: np.random.Generator, at: Parameters, first: Array) -> tuple[Array, Array]:
    """BG/NBD histories of customers born at `first`: who buys, when. The first purchase is included."""
    count = len(first)
    horizon = DAYS - first
    rate = rng.gamma(at.r, 1 / at.alpha, count)
    drop_out = np.maximum(rng.beta(at.a, at.b, count), 1e-12)
    # Given their number, the events of a Poisson process are uniform over the horizon; only those before the drop-out happen.
    events = rng.poisson(rate * horizon)
    until = np.ceil(np.log1p(-rng.random(count)) / np.log1p(-drop_out)).clip(1, 1e9).astype(np.int64)
    person = np.repeat(np.arange(count), events)
    moment = first[person] + rng.random(len(person)) * horizon[person]
    order = np.lexsort((moment, person))
    person, moment = person[order], moment[order]
    rank = np.arange(len(person)) - np.repeat(np.cumsum(events) - events, events)
    happens = rank < until[person]
    person = np.concatenate([np.arange(count), person[happens]])
    moment = np.concatenate([first, moment[happens]])
    return person, moment


def _population(at: Parameters, wanted: int) -> tuple[Array, Purchases]:
    """Customers until their purchases are `wanted`, as nearly as whole customers allow; numbered by first purchase."""
    rng = stream(at.seed, "purchases")
    firsts: list[Array] = []
    persons: list[Array] = []
    moments: list[Array] = []
    customers = purchases = 0
    while purchases < wanted:
        block = max(64, round((wanted - purchases) * 0.08))
        first = DAYS * rng.random(block) ** 0.85  # a shop that grows
        person, moment = _purchases(rng, at, first)
        firsts.append(first)
        persons.append(person + customers)
        moments.append(moment)
        customers += block
        purchases += len(person)
    first, person, moment = np.concatenate(firsts), np.concatenate(persons), np.concatenate(moments)
    kept = int(np.searchsorted(np.cumsum(np.bincount(person, minlength=customers)), wanted, side="right"))
    first, inside = first[:kept], person < kept
    by_first = np.argsort(first, kind="stable")
    number = np.empty(kept, dtype=np.int64)
    number[by_first] = np.arange(kept)
    return first[by_first], Purchases(number[person[inside]], moment[inside])


def _referrers(rng: np.random.Generator, at: Parameters, moment: Array, customers: int) -> Array:
    """Some are brought by an earlier customer, mostly by one of the recent ones."""
    earlier = np.minimum(np.searchsorted(moment[:customers], moment), np.arange(len(moment)))
    back = rng.exponential(max(customers * 0.15, 1.0), len(moment)).astype(np.int64)
    chosen = some(rng, len(moment), at.referred_share) & (earlier > 0)
    return np.where(chosen, np.maximum(earlier - 1 - back, 0), -1)


def make_people(at: Parameters) -> People:
    """The whole population of a shop."""
    wanted = at.orders - round(at.orders * at.guest_share) - round(at.orders * at.cancelled_share)
    first, purchases = _population(at, wanted)
    customers = len(first)
    prospects = round(customers * at.prospects_per_customer)
    rng = stream(at.seed, "people")
    count = customers + prospects
    moment = np.concatenate([first, DAYS * rng.random(prospects)])
    referred_by = _referrers(rng, at, moment, customers)
    channel = rng.choice(len(CHANNELS) - 1, count, p=[0.30, 0.24, 0.18, 0.10, 0.12, 0.06])
    city = rng.choice(len(CITIES), count, p=[0.40, 0.30, 0.06, 0.04, 0.05, 0.03, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02])
    unprofitable = some(rng, count, at.unprofitable_share) & (np.arange(count) < customers)
    if customers and not unprofitable.any():
        unprofitable[customers // 2] = True
    return People(
        customers=customers,
        prospects=prospects,
        first_moment=moment,
        mean_value_rate=rng.gamma(at.q, 1 / at.v, count),
        city=city,
        channel=np.where(referred_by >= 0, REFERRAL, channel),
        referred_by=referred_by,
        has_email=some(rng, count, 1 - at.without_email_share),
        is_unprofitable=unprofitable,
        is_promotion_only=some(rng, count, at.promotion_only_share),
        satisfaction=np.where(unprofitable, 0.15, rng.beta(5, 2, count)),
        purchases=purchases,
    )
