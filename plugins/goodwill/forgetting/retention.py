"""Retention: people of whom nothing was heard for as long as the settings say are forgotten, all in one erasure.

What somebody did counts as hearing of them: an order, a running subscription, a click, a question, an answer. What was done to them (a message
sent, or opened by whoever opened it) does not.
"""

from __future__ import annotations

import datetime as dt
import secrets

import duckdb

from goodwill.errors import GoodwillError
from goodwill.extract.roles import address
from goodwill.forgetting.erasing import Erased, Request, erase_known, finish_pending, held
from goodwill.forgetting.finding import everybody_landed
from goodwill.forgetting.holding import on_hold
from goodwill.forgetting.known import Known, numbers
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.settings import BusinessSettings, load_business
from goodwill.sources import load_sources
from goodwill.sql import literal, literals

__all__ = ["accepted_day", "expired", "retain"]

_THEIR_DOING = (
    *("clicked", "unsubscribed", "complaint_opened", "survey_answered", "quote_requested", "cart_abandoned", "visit", "fair_met"),
    *("referral_shared", "service_call"),
)


def accepted_day(home: Home) -> dt.date:
    """The day of the last accepted night: periods are over, or not, as of then.

    Raises
    ------
    GoodwillError : there is none.
    """
    if not home.accepted.is_file():
        raise GoodwillError("there is no accepted night to tell who was heard of when", f"run one first: goodwill run --home {home.root}")
    with duckdb.connect(str(home.accepted), read_only=True) as connection:
        day: dt.date = connection.execute("select as_of from control.night").fetchall()[0][0]
        return day


def expired(home: Home, business: BusinessSettings, as_of: dt.date | None = None) -> list[str]:
    """The ids of the people whose time is over at `as_of` (else the day of the last accepted night), those held back and forgotten left out."""
    kept = business.retention
    if kept.customers_days is None and kept.prospects_days is None:
        return []
    day = as_of or accepted_day(home)
    with duckdb.connect(str(home.accepted), read_only=True) as connection:
        found = connection.execute(
            f"""
            with heard as (
                select person_id, max(occurred_on) as heard_on from marts.fct_contact_events where kind in ({literals(_THEIR_DOING)}) group by person_id
            ),
            last_heard as (
                select p.person_id, p.contact_id, d.is_customer, coalesce(d.has_active_subscription, false) as is_running,
                    greatest(p.first_seen_on, p.created_on, d.last_purchase_on, p.last_subscription_ended_on, heard.heard_on) as heard_on
                from intermediate.int_people as p
                inner join marts.dim_customers as d using (person_id)
                left join heard using (person_id)
            )
            select person_id, contact_id from last_heard
            where not is_running and heard_on + to_days(cast(case when is_customer then $customers else $prospects end as integer)) < $day
            order by person_id
            """,
            {"customers": kept.customers_days, "prospects": kept.prospects_days, "day": day},
        ).fetchall()
    listed = Forgotten.of(home)
    held_back = on_hold(home)
    return [person for person, contact in found if not {person, contact} & held_back and not listed.person(f"erased:{person}")]


def retain(home: Home, by: str, as_of: dt.date | None = None) -> Erased | None:
    """Forget everybody whose time is over; `None` where there is nobody. What was cut off before is finished first, and told where it was all."""
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    request = Request(by, f"retention: customers {business.retention.customers_days}, prospects {business.retention.prospects_days} days")
    with held(home, request.erasure):
        finished = finish_pending(home)
        people = expired(home, business, as_of)
        if not people:
            return finished[-1] if finished else None
        with everybody_landed(home, sources, business.company.business_time_zone) as landed:
            return erase_known(home, _known(landed, home, people, business.identity.default_region), request)


def _known(landed: duckdb.DuckDBPyConnection, home: Home, people: list[str], region: str | None) -> list[Known]:
    """What these people are known by; what somebody who stays carries too is left out."""
    landed.execute(f"attach {literal(str(home.accepted))} as accepted (read_only)")
    landed.execute("create table leaving (person varchar)")
    landed.execute("insert into leaving select unnest(?)", [people])
    landed.execute(
        "create table theirs as select l.person, c.contact_id, c.email, c.phone, c.first_name, c.last_name, c.referral_code, c.country, c.system, "
        f"{address('c.email')} as email_key, nullif(regexp_replace(c.phone, '[^0-9]', '', 'g'), '') as digits, l.person is not null as is_leaving "
        "from contacts as c left join accepted.marts.person_contacts as p on c.contact_id = p.contact_id "
        "left join leaving as l on l.person = p.person_id"
    )
    for column in ("email_key", "digits"):
        landed.execute(
            f"update theirs set {column} = null where {column} in (select {column} from theirs where not is_leaving and {column} is not null)"
        )
    landed.execute(
        "create table references_of as select l.person, i.source_ref from accepted.intermediate.int_identities as i "
        "inner join leaving as l on i.person_id = l.person"
    )
    orders = landed.execute(
        "select r.person, o.order_id, o.contact_ref from orders as o inner join references_of as r on o.contact_ref = r.source_ref "
        "union select person, person[7:], null from leaving where starts_with(person, 'guest:')"
    ).fetchall()
    rows = landed.execute("select * from theirs where is_leaving").fetchall()
    refs = landed.execute("select person, source_ref from references_of").fetchall()
    found = {person: {part: set[str]() for part in ("contacts", "codes", "emails", "phones", "orders")} for person in people}
    names: dict[str, set[tuple[str, str]]] = {person: set() for person in people}
    for person, contact, email, phone, first, last, code, country, system, email_key, digits, _ in rows:
        found[person]["contacts"].add(contact)
        found[person]["emails"] |= {email} if email_key else set()
        found[person]["phones"] |= numbers(phone, country, region) if digits else set()
        found[person]["codes"] |= {f"{system}:{code.strip()}" if system else code.strip()} if code and code.strip() else set()
        names[person].add((first or "", last or ""))
    for person, ref in refs:
        found[person]["emails" if "@" in ref else "contacts"].add(ref)
    for person, order, _ in orders:
        found[person]["orders"] |= {order} if order else set()
    return [
        Known(
            secrets.token_hex(8),
            people=(person,) if person.startswith("email:") else (),
            names=tuple(sorted(names[person])),
            region=region,
            **{part: tuple(sorted(values)) for part, values in found[person].items()},
        )
        for person in people
    ]
