"""The files about people: contacts, consents, subscriptions, contact events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shop.frames import Array, Frame, day_of, money, name_of, second_of, some, stream
from bench.shop.parameters import CHANNELS, CITIES, COUNTRIES, DAY_SECONDS, DAYS, FIRST_SECOND, Parameters
from bench.shop.people import People
from bench.shop.relations import EVENT_CHANNELS, KINDS, Events
from bench.shop.trade import Orders

__all__ = ["Contacts", "consents_frame", "contacts_frame", "events_frame", "make_contacts", "subscriptions_frame"]

PLANS = (("tea box", "month", 1900), ("coffee box", "month", 2400), ("pantry", "quarter", 5900), ("club", "year", 4900))
END_REASONS = ("price", "moved", "too much", "quality", "payment failed")
#: How a referral is written: by contact id, by e-mail, by code; then the ways it can be wrong.
NONE, BY_ID, BY_EMAIL, BY_CODE, SELF, CYCLE, UNKNOWN = range(7)


@dataclass(frozen=True)
class Contacts:
    """When each person became a contact (seconds since 1970), and how their referral is written, wrong ones included."""

    created: Array
    referrer: Array
    referral_kind: Array


def make_contacts(at: Parameters, people: People, orders: Orders) -> Contacts:
    """Most become contacts days before they buy, some at the till. A few referrals are refused ones: self, cycle, unknown."""
    rng = stream(at.seed, "contacts")
    first = second_of(people.first_moment * 0.99)  # a prospect of the last day still has time to act
    known = np.flatnonzero(orders.person >= 0)
    customer_first = np.full(people.customers, np.iinfo(np.int64).max)
    np.minimum.at(customer_first, orders.person[known], orders.second[known])
    first[: people.customers] = customer_first
    ahead = np.where(some(rng, people.count, 0.85), rng.random(people.count) * 10 * DAY_SECONDS, 0).astype(np.int64)

    referrer = people.referred_by.copy()
    kind = np.where(referrer >= 0, rng.choice([BY_ID, BY_EMAIL, BY_CODE], people.count, p=[0.6, 0.25, 0.15]), NONE)
    kind = np.where((kind == BY_EMAIL) & ~people.has_email[referrer], BY_ID, kind)
    wrong = max(round(people.customers * at.refused_referral_share), 3)
    free = np.flatnonzero((referrer[: people.customers] < 0) & (np.arange(people.customers) > 0))[:: max(people.customers // wrong, 1)]
    kind[free[0::3]], referrer[free[0::3]] = SELF, free[0::3]
    kind[free[1::3]] = UNKNOWN
    # A cycle: somebody who brought a customer claims to have been brought by that customer.
    brought = np.flatnonzero((people.referred_by >= 0) & (np.arange(people.count) < people.customers))
    closing, position = np.unique(people.referred_by[brought], return_index=True)
    open_end = (referrer[closing] < 0) & (kind[closing] == NONE)
    closing, position = closing[open_end][: len(free[2::3])], position[open_end][: len(free[2::3])]
    kind[closing], referrer[closing] = CYCLE, brought[position]
    return Contacts(first - ahead, referrer, kind)


def contacts_frame(at: Parameters, people: People, contacts: Contacts, nights: int) -> Frame:
    """One row per contact, then second records of the same person (some merged at the source), then the changes of each night."""
    rng = stream(at.seed, "contact rows")
    doubles = rng.choice(people.count, round(people.count * at.duplicate_contact_share), replace=False)
    changed_each = max(round(people.count * at.changed_contact_share), 1) if nights else 0
    changed = rng.integers(0, people.count, changed_each * nights)
    night_day = np.repeat(np.arange(DAYS - nights, DAYS), changed_each)
    person = np.concatenate([np.arange(people.count), doubles, changed])
    is_double = np.zeros(len(person), dtype=bool)
    is_double[people.count : people.count + len(doubles)] = True
    number = np.where(is_double, np.arange(len(person)), person)
    created = np.where(is_double, contacts.created[person] + 40 * DAY_SECONDS, contacts.created[person]).clip(
        None, FIRST_SECOND + (DAYS - 1) * DAY_SECONDS
    )
    updated = created + rng.integers(0, 3600, len(person))
    city = people.city[person].copy()
    if nights:
        updated[-len(changed) :] = FIRST_SECOND + night_day * DAY_SECONDS + rng.integers(0, 20 * 3600, len(changed))
        city[-len(changed) :] = rng.integers(0, 2, len(changed))
    known = np.maximum(day_of(created), 0)
    known[people.count + len(doubles) :] = night_day
    code_known = contacts.referral_kind == BY_CODE
    has_code = some(rng, people.count, 0.3)
    has_code[contacts.referrer[code_known]] = True
    fingerprint = np.where(people.count > 50, np.arange(people.count), -1)
    shared = np.flatnonzero(contacts.referral_kind == BY_ID)[::40]  # a "friend" at the same address: to be refused too
    fingerprint[shared] = contacts.referrer[shared]
    kind = np.where(is_double, NONE, contacts.referral_kind[person])
    return Frame(
        "contacts",
        {
            "number": number,
            "person": person,
            "created": created,
            "updated": updated,
            "is_double": is_double,
            "has_email": people.has_email[person],
            "has_code": has_code[person] & ~is_double,
            "has_phone": (person % 4 == 0),
            "is_firm": (person % 19 == 7),
            "is_merged": is_double & (person % 2 == 0),
            "is_deleted": (person % 1511 == 1207) & ~is_double,
            "born": 1940 + (person * 7919) % 66,
            "born_known": (person % 5 < 3),
            "city": name_of(city, [name for name, _ in CITIES]),
            "postcode": name_of(city, [code for _, code in CITIES]),
            "country": name_of(city // 2, COUNTRIES),
            "acquisition_channel": name_of(people.channel[person], CHANNELS),
            "campaign": np.where(people.channel[person] == CHANNELS.index("social"), day_of(created).clip(0) // 15, -1),
            "referral_kind": kind,
            "referrer": contacts.referrer[person],
            "fingerprint": fingerprint[person],
        },
        {
            "contact_id": "contact_id(number)",
            "created_at": "at_second(created)",
            "email": "case when has_email then case when is_double then upper(email(person)) else email(person) end end",
            # +999 is given to no country: a number nobody can have.
            "phone": "case when has_phone then printf('+999%09d', person) end",
            "first_name": "first_name(person)",
            "last_name": "last_name(person)",
            "company": "case when is_firm then last_name(person) || ' & Co' end",
            "birth_year": "case when born_known then born end",
            "campaign_id": "campaign_id(campaign)",
            "referred_by": f"""case referral_kind
                when {BY_ID} then contact_id(referrer) when {BY_EMAIL} then email(referrer) when {BY_CODE} then referral_code(referrer)
                when {SELF} then contact_id(person) when {CYCLE} then contact_id(referrer) when {UNKNOWN} then printf('C9%07d', person) end""",
            "referral_code": "case when has_code then referral_code(person) end",
            "owner": "case when is_firm then 'owner-' || (person % 4) end",
            "address_fingerprint": "case when fingerprint >= 0 then md5('address ' || fingerprint) end",
            "updated_at": "at_second(updated)",
            "merged_into": "case when is_merged then contact_id(person) end",
            "deleted_at": "case when is_deleted then at_second(updated + 86400) end",
        },
        known,
    )


def consents_frame(at: Parameters, people: People, contacts: Contacts) -> Frame:
    """Marketing consent by e-mail and text message, given on becoming a contact, sometimes withdrawn later."""
    rng = stream(at.seed, "consents")
    last = FIRST_SECOND + (DAYS - 1) * DAY_SECONDS
    person, channel, second, granted = [], [], [], []
    for code, share in enumerate((0.72, 0.25)):
        given = np.flatnonzero(some(rng, people.count, share))
        withdrawn = given[some(rng, len(given), 0.08)]
        later = contacts.created[withdrawn] + rng.integers(20, 500, len(withdrawn)) * DAY_SECONDS
        person += [given, withdrawn[later < last]]
        second += [contacts.created[given].clip(None, last), later[later < last]]
        channel += [np.full(len(given), code), np.full(int((later < last).sum()), code)]
        granted += [np.ones(len(given), dtype=bool), np.zeros(int((later < last).sum()), dtype=bool)]
    when = np.concatenate(second)
    order = np.argsort(when, kind="stable")
    return Frame(
        "consents",
        {
            "person": np.concatenate(person)[order],
            "code": np.concatenate(channel)[order],
            "second": when[order],
            "granted": np.concatenate(granted)[order],
        },
        {
            "contact_id": "contact_id(person)",
            "channel": "case code when 0 then 'email' else 'sms' end",
            "purpose": "'marketing'",
            "changed_at": "at_second(second)",
        },
        day_of(when[order]).clip(0),
    )


def subscriptions_frame(at: Parameters, people: People, contacts: Contacts) -> Frame:
    """Subscriptions that end period by period with a chance of their own (beta-geometric), so retention rises with age."""
    rng = stream(at.seed, "subscriptions")
    person = np.flatnonzero(some(rng, people.customers, at.subscriber_share))
    plan = rng.choice(len(PLANS), len(person), p=[0.5, 0.25, 0.15, 0.1])
    started = contacts.created[person] + rng.integers(5, 200, len(person)) * DAY_SECONDS
    inside = started < FIRST_SECOND + (DAYS - 1) * DAY_SECONDS
    person, plan, started = person[inside], plan[inside], started[inside]
    periods = rng.geometric(rng.beta(1.0, 6.0, len(person)).clip(0.005, 1))
    days = np.asarray([30, 30, 91, 365])[plan]
    ended = started + periods * days * DAY_SECONDS
    still = ended >= FIRST_SECOND + DAYS * DAY_SECONDS - 2 * 3600
    reason = rng.integers(0, len(END_REASONS), len(person))
    order = np.argsort(started, kind="stable")
    columns = {
        "number": np.arange(len(person)),
        "person": person[order],
        "started": started[order],
        "ended": ended[order],
        "still": still[order],
        "plan": name_of(plan[order], [name for name, _, _ in PLANS]),
        "period": name_of(plan[order], [period for _, period, _ in PLANS]),
        "cents": np.asarray([cents for _, _, cents in PLANS])[plan[order]],
        "end_reason": name_of(np.where(still, -1, reason)[order], END_REASONS),
    }
    return Frame(
        "subscriptions",
        columns,
        {
            "subscription_id": "printf('S%06d', number + 1)",
            "contact_ref": "contact_id(person)",
            "amount": money("cents"),
            "currency": f"'{at.reporting_currency}'",
            "started_at": "at_second(started)",
            "ended_at": "case when not still then at_second(ended) end",
            "updated_at": "at_second(case when still then started else ended end)",
        },
        day_of(np.where(still, started, ended)[order]).clip(0, DAYS - 1),
    )


def events_frame(at: Parameters, people: People, events: Events) -> Frame:
    """Contact events; a few name the contact by e-mail instead of by id."""
    rng = stream(at.seed, "event rows")
    by_email = people.has_email[events.person] & some(rng, len(events.person), 0.02)
    return Frame(
        "contact_events",
        {
            "number": np.arange(len(events.person)),
            "person": events.person,
            "by_email": by_email,
            "second": events.second,
            "kind": name_of(events.kind, KINDS),
            "channel": name_of(events.channel, EVENT_CHANNELS),
            "campaign": events.campaign,
            "message": events.message,
            "nps": events.score,
            "cents": events.cost_cents,
            "product": events.product,
        },
        {
            "event_id": "printf('E%09d', number + 1)",
            "contact_ref": "case when by_email then email(person) else contact_id(person) end",
            "occurred_at": "at_second(second)",
            "campaign_id": "campaign_id(campaign)",
            "message_id": "case when message >= 0 then printf('M%08d', message + 1) end",
            "variant": "case when nps >= 0 then 'nps' when message >= 0 then case message % 2 when 0 then 'A' else 'B' end end",
            "score": "case when nps >= 0 then nps end",
            "text_ref": "case when nps >= 0 and number % 3 = 0 then printf('T%09d', number + 1) end",
            "cost": f"case when cents >= 0 then {money('cents')} end",
            "product_id": "case when product >= 0 then printf('P%04d', product + 1) end",
            "updated_at": "at_second(second)",
        },
        events.day.clip(0),
    )
