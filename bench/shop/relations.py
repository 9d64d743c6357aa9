"""Everything that happens between a contact and the shop besides orders: messages and reactions, surveys, complaints, visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shop.frames import Array, day_of, some, stream
from bench.shop.parameters import DAY_SECONDS, DAYS, FIRST_SECOND, Parameters
from bench.shop.people import People
from bench.shop.trade import PRODUCTS, Orders

__all__ = ["CAMPAIGN_EVERY_DAYS", "CONTROL_SHARES", "EVENT_CHANNELS", "KINDS", "TECHNIQUES", "Events", "campaign_count", "make_events"]

KINDS = (
    "message_sent",
    "delivered",
    "opened",
    "clicked",
    "unsubscribed",
    "spam_complaint",
    "bounced",
    "complaint_opened",
    "complaint_resolved",
    "survey_answered",
    "quote_requested",
    "cart_abandoned",
    "visit",
    "fair_met",
    "referral_invited",
    "referral_shared",
    "service_call",
)
EVENT_CHANNELS = ("email", "sms", "web", "phone", "store", "fair")
TECHNIQUES = (
    "welcome",
    "loyalty_points",
    "member_price",
    "win_back",
    "referral_reward",
    "cross_sell",
    "event",
    "newsletter",
)
CONTROL_SHARES = (0.05, 0.10, 0.15, 0.0)
CAMPAIGN_EVERY_DAYS = 15
EVENTS_PER_MESSAGE = 2.36
END_SECOND = FIRST_SECOND + DAYS * DAY_SECONDS - 2 * 3600  # two hours before midnight UTC the last business day in Paris ends


@dataclass(frozen=True)
class Events:
    """Contact events by time; -1 is "none" in every code."""

    person: Array
    second: Array
    kind: Array
    channel: Array
    campaign: Array
    message: Array
    score: Array
    cost_cents: Array
    product: Array

    @property
    def day(self) -> Array:
        return day_of(self.second)


def campaign_count() -> int:
    return DAYS // CAMPAIGN_EVERY_DAYS


class _Pieces:
    """Collects events of many kinds; what a kind does not have is -1."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Array]] = []

    def add(self, kind: str, channel: str | Array, person: Array, second: Array, **more: Array | int) -> None:
        happened = second < END_SECOND
        size = len(person)
        code = np.full(size, EVENT_CHANNELS.index(channel)) if isinstance(channel, str) else channel
        values: dict[str, Array | int] = {"campaign": -1, "message": -1, "score": -1, "cost_cents": -1, "product": -1, **more}
        columns = {name: np.broadcast_to(value, size)[happened] for name, value in values.items()}
        kinds = np.full(size, KINDS.index(kind))
        self.parts.append(
            {"person": person[happened], "second": second[happened], "kind": kinds[happened], "channel": code[happened], **columns}
        )

    @property
    def count(self) -> int:
        return sum(len(part["person"]) for part in self.parts)

    def by_time(self) -> Events:
        whole = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        order = np.lexsort((whole["kind"], whole["second"]))
        return Events(**{name: values[order] for name, values in whole.items()})


def _after(rng: np.random.Generator, second: Array, low_days: float, high_days: float) -> Array:
    moved: Array = second + (rng.uniform(low_days, high_days, len(second)) * DAY_SECONDS).astype(np.int64)
    return moved


def _around_orders(rng: np.random.Generator, pieces: _Pieces, people: People, orders: Orders) -> None:
    """Surveys, complaints, service calls and left carts of known customers."""
    known = np.flatnonzero(orders.person >= 0)
    person, second = orders.person[known], orders.second[known]
    bad = people.is_unprofitable[person]

    asked = some(rng, len(known), 0.12)
    mood = people.satisfaction[person[asked]]
    score = np.round(10 * mood + rng.normal(0, 1.2, len(mood))).clip(0, 10).astype(np.int64)
    pieces.add("survey_answered", "email", person[asked], _after(rng, second[asked], 4, 10), score=score)

    cross = some(rng, len(known), np.where(bad, 0.35, 0.03 * (1 - people.satisfaction[person])))
    opened = _after(rng, second[cross], 1, 12)
    by = rng.choice([EVENT_CHANNELS.index("email"), EVENT_CHANNELS.index("phone")], len(opened))
    pieces.add("complaint_opened", by, person[cross], opened, cost_cents=800)
    solved = some(rng, len(opened), 0.9)
    pieces.add("complaint_resolved", by[solved], person[cross][solved], _after(rng, opened[solved], 0.2, 20))

    calls = np.repeat(np.arange(len(known)), rng.poisson(np.where(bad, 3.0, 0.02)))
    pieces.add("service_call", "phone", person[calls], _after(rng, second[calls], 0.5, 30), cost_cents=1500)

    left = some(rng, len(known), 0.05)
    before = second[left] - rng.integers(600, DAY_SECONDS, int(left.sum()))
    pieces.add("cart_abandoned", "web", person[left], np.maximum(before, FIRST_SECOND), product=rng.integers(0, PRODUCTS, len(before)))


def _prospects(rng: np.random.Generator, pieces: _Pieces, people: People, created: Array) -> None:
    """People who have not bought: quotes, carts, fairs."""
    number = np.arange(people.customers, people.count)
    for kind, channel, share in (("quote_requested", "web", 0.15), ("cart_abandoned", "web", 0.20), ("fair_met", "fair", 0.08)):
        chosen = number[some(rng, len(number), share)]
        pieces.add(kind, channel, chosen, _after(rng, created[chosen], 0.0, 40.0))


def _referrals(rng: np.random.Generator, pieces: _Pieces, people: People, created: Array) -> None:
    """Each referred person was invited; some customers share their code without result."""
    referred = np.flatnonzero(people.referred_by >= 0)
    before = created[referred] - rng.integers(3600, 5 * DAY_SECONDS, len(referred))
    pieces.add("referral_invited", "email", referred, before)
    sharers = np.flatnonzero(some(rng, people.customers, 0.05))
    pieces.add("referral_shared", "web", sharers, _after(rng, created[sharers], 5, 200))


def _messages(rng: np.random.Generator, pieces: _Pieces, people: People, created: Array, events: int) -> None:
    """Campaign messages with their ladder of reactions: delivered or bounced, opened, clicked; or the wish to be left alone."""
    count = max(round(events / EVENTS_PER_MESSAGE), 1)
    person = rng.integers(0, people.count, count)
    start = np.ceil(day_of(created[person]) / CAMPAIGN_EVERY_DAYS).clip(0)
    campaign = np.floor(start + rng.random(count) * (campaign_count() - start)).astype(np.int64)
    # The control group of a campaign is decided by a hash, before anything is sent, and never written to.
    drawn = ((person * 2_654_435_761 + campaign * 40_503) >> 7) % 1000
    control = np.asarray(CONTROL_SHARES)[campaign % len(CONTROL_SHARES)] * 1000
    sent = (campaign < campaign_count()) & (drawn >= control) & people.has_email[person]
    person, campaign = person[sent], campaign[sent]
    message = np.arange(len(person))
    second = FIRST_SECOND + campaign * CAMPAIGN_EVERY_DAYS * DAY_SECONDS + rng.integers(8 * 3600, 14 * DAY_SECONDS, len(person))
    sms = some(rng, len(person), 0.12)
    channel = np.where(sms, EVENT_CHANNELS.index("sms"), EVENT_CHANNELS.index("email"))
    pieces.add("message_sent", channel, person, second, campaign=campaign, message=message, cost_cents=np.where(sms, 7, 2))

    def react(kind: str, rows: Array, low_days: float, high_days: float, base: Array) -> Array:
        at = _after(rng, base[rows], low_days, high_days)
        pieces.add(kind, channel[rows], person[rows], at, campaign=campaign[rows], message=message[rows])
        whole = base.copy()
        whole[rows] = at
        return whole

    arrives = some(rng, len(person), 0.97)
    react("bounced", np.flatnonzero(~arrives), 0.0001, 0.1, second)
    delivered = react("delivered", np.flatnonzero(arrives), 0.0001, 0.01, second)
    opens = arrives & ~sms & some(rng, len(person), 0.20 + 0.25 * people.satisfaction[person])
    opened = react("opened", np.flatnonzero(opens), 0.01, 3.0, delivered)
    clicks = opens & some(rng, len(person), 0.22)
    react("clicked", np.flatnonzero(clicks), 0.0005, 0.02, opened)
    react("unsubscribed", np.flatnonzero(opens & ~clicks & some(rng, len(person), 0.006)), 0.001, 0.05, opened)
    react("spam_complaint", np.flatnonzero(arrives & some(rng, len(person), 0.0006)), 0.01, 2.0, delivered)


def make_events(at: Parameters, people: People, orders: Orders, created: Array) -> Events:
    """About `events_per_order` events an order; visits make up what the other kinds leave."""
    rng = stream(at.seed, "events")
    wanted = round(at.orders * at.events_per_order)
    pieces = _Pieces()
    _around_orders(rng, pieces, people, orders)
    _prospects(rng, pieces, people, created)
    _referrals(rng, pieces, people, created)
    _messages(rng, pieces, people, created, max(round((wanted - pieces.count) * 0.88), 1))
    visits = max(wanted - pieces.count, 0)
    person = rng.integers(0, people.count, visits)
    since = np.maximum(created[person], FIRST_SECOND)
    second = (since + rng.random(visits) * (END_SECOND - 1 - since)).astype(np.int64)
    pieces.add("visit", "web", person, second, product=rng.integers(-1, PRODUCTS, visits))
    return pieces.by_time()
