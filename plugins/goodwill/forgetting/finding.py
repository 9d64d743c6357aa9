"""Who is meant by an identifier: every contact, address, number and order of theirs, in all that ever landed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from goodwill.errors import GoodwillError
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.extract.forgetting import word_pattern
from goodwill.extract.roles import address
from goodwill.extract.structure import mappers
from goodwill.forgetting.known import Known, numbers, phone_keys
from goodwill.home import Home
from goodwill.privacy.forgotten import contact_key, email_key
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import BusinessSettings
from goodwill.sources import Sources
from goodwill.sql import literal, literals

__all__ = ["Asked", "everybody_landed", "find"]

_CONTACTS = ("contact_id", "email", "phone", "first_name", "last_name", "referral_code", "country")
#: So many digits within others are no chance; and with so many more there is another number beside it.
_TELLING_DIGITS, _ANOTHER = 9, 6
_DIGITS = "regexp_replace(phone, '[^0-9]', '', 'g')"


@dataclass(frozen=True)
class Asked:
    """By what somebody is asked for: exactly one of these."""

    person: str | None = None
    email: str | None = None
    phone: str | None = None

    def __post_init__(self) -> None:
        given = [each for each in (self.person, self.email, self.phone) if each and each.strip()]
        if len(given) != 1:
            raise GoodwillError("say who is meant, in one way", "give one of: --person, --email, --phone")


def everybody_landed(home: Home, sources: Sources, zone: str) -> duckdb.DuckDBPyConnection:
    """A connection with `contacts` and `orders`: what each row that ever landed, in whatever batch, says of who is who."""
    connection = duckdb.connect()
    connection.execute(f"create table contacts ({', '.join(f'{name} varchar' for name in _CONTACTS)}, system varchar)")
    connection.execute("create view orders as select cast(null as varchar) as order_id, cast(null as varchar) as contact_ref where false")
    orders = []
    for source in sources.sources:
        alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for manifest in read_manifests(home, source.name):
            if manifest.columns:
                alike.setdefault(tuple(manifest.columns.items()), []).append(str(rows_file(home, manifest)))
        for columns, files in alike.items():
            rows = f"read_parquet([{literals(files)}])"
            for entity, mapper in mappers(source, dict(columns), zone).items():
                reads = {read.column.name: f"cast({read.typed} as varchar)" for read in mapper.reads() if read.how.chosen}
                if entity == "contacts" and "contact_id" in reads:
                    shown = ", ".join(reads.get(name, "null") for name in _CONTACTS)
                    connection.execute(
                        f"insert into contacts select distinct {shown}, {literal(source.system)} from {rows} where __malformed is null"
                    )
                elif entity in ("orders", "contact_events", "subscriptions") and "contact_ref" in reads:
                    order = reads.get("order_id", "null")
                    orders.append(
                        f"select {order} as order_id, {reads['contact_ref']} as contact_ref from {rows} where __malformed is null"
                    )
    if orders:
        connection.execute(f"create or replace view orders as {' union all '.join(orders)}")
    return connection


def find(home: Home, sources: Sources, business: BusinessSettings, asked: Asked) -> Known | None:
    """The person asked for, with all they are known by; `None` where no row names them.

    Raises
    ------
    GoodwillError : the identifier is of several people, or stands beside others in a cell and nobody is known by it alone.
    """
    region = business.identity.default_region
    with everybody_landed(home, sources, business.company.business_time_zone) as landed:
        people = _people(home)
        contacts = _asked_for(home, landed, people, asked, region)
        email = asked.email or (asked.person if asked.person and "@" in asked.person else None)
        given = [email] if email else []
        people = _with_strangers(landed, people, contacts)
        whose = {people[each] for each in contacts}
        if len(whose) > 1:
            hashed = ", ".join(f"p_{hash_keys(home).hash(each)}" for each in sorted(whose))
            raise GoodwillError(f"{len(whose)} people are known by that", f"say which one with --person: {hashed}")
        contacts |= {contact for contact, person in people.items() if person in whose}
        rows = _rows(landed, "contact_id", contacts)
        emails = _own(landed, "email", [*(row[1] for row in rows), *given, *_guest_emails(home, landed, asked)], contacts)
        own = _own(landed, "phone", [row[2] for row in rows], contacts)
        phones = {number for row in rows if row[2] in own for number in numbers(row[2] or "", row[6], region)}
        refs = literals([*map(contact_key, sorted(contacts)), *filter(None, map(email_key, emails))]) or "''"
        named = f"case when contains(contact_ref, '@') then {address('contact_ref')} else 'contact:' || contact_ref end"
        orders = landed.execute(f"select distinct order_id, contact_ref from orders where {named} in ({refs})").fetchall()
        if not contacts and not orders:
            _refuse_beside(landed, asked, email, region)
    if not contacts and not orders:
        return None
    emails |= {ref for _, ref in orders if "@" in ref}
    return Known(
        secrets.token_hex(8),
        tuple(sorted(contacts)),
        tuple(sorted({f"{row[7]}:{row[5].strip()}" if row[7] else row[5].strip() for row in rows if row[5] and row[5].strip()})),
        tuple(f"email:{hash_keys(home).hash(key.removeprefix('email:'))}" for each in sorted(emails) if (key := email_key(each))),
        tuple(sorted(emails)),
        tuple(sorted(phones)),
        tuple(sorted({order for order, _ in orders if order})),
        tuple(sorted({(row[3] or "", row[4] or "") for row in rows if row[3] or row[4]})),
        region,
    )


def _people(home: Home) -> dict[str, str]:
    """Contact → person, as the last accepted night had it; empty where there is none."""
    if not home.accepted.is_file():
        return {}
    with duckdb.connect(str(home.accepted), read_only=True) as connection:
        there = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'person_contacts'"
        ).fetchone()
        return dict(connection.execute("select contact_id, person_id from marts.person_contacts").fetchall()) if there else {}


def _with_strangers(landed: duckdb.DuckDBPyConnection, people: dict[str, str], contacts: set[str]) -> dict[str, str]:
    """Contact → person, those too that no accepted night has seen (none has run, or all their rows were rejected): people go by their names.

    A stranger of the same name, or of none, as one who shares an address or a number with them is that person.
    """
    found = landed.execute(
        f"select distinct contact_id, {address('email')}, nullif(regexp_replace(phone, '[^0-9]', '', 'g'), ''), "
        "lower(concat_ws(' ', trim(first_name), trim(last_name))) from contacts"
    ).fetchall()
    placed = dict(people)
    names: dict[str, set[str]] = {}
    shared: dict[str, list[tuple[str, str]]] = {}
    for contact, email, phone, name in found:
        names.setdefault(contact, set()).update({name} - {""})
        for key in (email, phone):
            if key:
                shared.setdefault(key, []).append((contact, name))
    for contact in sorted({contact for contact, *_ in found if contact} | contacts):
        if contact not in placed:
            near = [
                (other, name)
                for key in shared
                for each, _ in shared[key]
                if each == contact
                for other, name in shared[key]
                if other in placed
            ]
            mine = names.get(contact, set())
            alike = sorted({placed[other] for other, name in near if not mine or name in mine})
            placed[contact] = alike[0] if len(alike) == 1 else contact
    return placed


def _rows(landed: duckdb.DuckDBPyConnection, column: str, values: Iterable[str]) -> list[tuple[str | None, ...]]:
    found: list[tuple[str | None, ...]] = landed.execute(
        f"select * from contacts where {column} in ({literals(sorted(values)) or 'null'})"
    ).fetchall()
    return found


def _asked_for(home: Home, landed: duckdb.DuckDBPyConnection, people: dict[str, str], asked: Asked, region: str | None) -> set[str]:
    """The ids of the contacts asked for."""
    email = asked.email or (asked.person if asked.person and "@" in asked.person else None)
    if email:
        key = email_key(email)
        if key is None:
            raise GoodwillError("that is no e-mail address", "an address has a name, an @ and a place")
        test = f"{address('email')} = {literal(key)} or contact_id = {literal(email)}"
    elif asked.phone:
        return _dialled(landed, asked.phone, region)
    else:
        person = (asked.person or "").strip()
        hashed = hash_keys(home)
        known = {person} | {contact for contact, whose in people.items() if whose == person}
        if person.startswith("p_"):
            every = [each for (each,) in landed.execute("select distinct contact_id from contacts").fetchall() if each]
            known |= {each for each in every if f"p_{hashed.hash(each)}" == person}
        test = f"contact_id in ({literals(sorted(known))})"
    return {each for (each,) in landed.execute(f"select distinct contact_id from contacts where {test}").fetchall() if each}


def _refuse_beside(landed: duckdb.DuckDBPyConnection, asked: Asked, email: str | None, region: str | None) -> None:
    """Where nobody is known by an address or a number, and it stands with others in a cell of somebody's: that is for a person to judge."""
    key = email_key(email) if email else None
    if key:
        what, test = "address", f"regexp_matches(lower(email), {literal(word_pattern([key.removeprefix('email:')]))})"
    elif asked.phone:
        whole = [digits for each in phone_keys(asked.phone, region) if len(digits := each.removeprefix("phone:")) >= _TELLING_DIGITS]
        longer = [f"(contains({_DIGITS}, {literal(each)}) and length({_DIGITS}) >= {len(each) + _ANOTHER})" for each in whole]
        what, test = "number", " or ".join(longer) or "false"
    else:
        return
    beside = landed.execute(f"select distinct contact_id from contacts where ({test}) and contact_id is not null order by 1").fetchall()
    if beside:
        shown = ", ".join(contact for (contact,) in beside[:5]) + (", …" if len(beside) > 5 else "")
        raise GoodwillError(
            f"the {what} stands with others in the cell of {len(beside)} contact{'s' if len(beside) > 1 else ''}: {shown}",
            "if that is who is meant, ask for them by their id: --person",
        )


def _dialled(landed: duckdb.DuckDBPyConnection, asked: str, region: str | None) -> set[str]:
    """The ids of the contacts with a number: without its country's code it is read as in the country of each contact, as theirs is."""
    countries = [country for (country,) in landed.execute("select distinct country from contacts").fetchall()]
    keys = {key for country in [None, *countries] for each in numbers(asked, country, region) for key in phone_keys(each, region)}
    rows = landed.execute(
        f"select distinct contact_id, phone, country from contacts where 'phone:' || {_DIGITS} in ({literals(sorted(keys)) or 'null'})"
    ).fetchall()
    found = set()
    for contact, phone, country in rows:
        theirs, meant = (numbers(each, country, region) - {each} for each in (phone, asked))
        if contact and (not theirs or not meant or theirs == meant):
            found.add(contact)
    return found


def _guest_emails(home: Home, landed: duckdb.DuckDBPyConnection, asked: Asked) -> list[str]:
    """The addresses of a person who is only known by one, asked for by their id in the marts or in a publication."""
    person = (asked.person or "").strip()
    if not person.startswith(("email:", "p_")):
        return []
    hashed, found = hash_keys(home), []
    for (ref,) in landed.execute("select distinct contact_ref from orders where contains(contact_ref, '@')").fetchall():
        key = email_key(ref)
        whole = f"email:{hashed.hash(key.removeprefix('email:'))}" if key else None
        if whole and person in (whole, f"p_{hashed.hash(whole)}"):
            found.append(ref)
    return found


def _own(landed: duckdb.DuckDBPyConnection, column: str, values: Iterable[str | None], contacts: set[str]) -> set[str]:
    """Those of the addresses or numbers that no other contact carries."""

    def compared(value: str) -> str:
        return address(value) if column == "email" else f"regexp_replace({value}, '[^0-9]', '', 'g')"

    own = set()
    for value in {each for each in values if each and each.strip()}:
        same = f"{compared(column)} = {compared(literal(value))}"
        others = landed.execute(
            f"select 1 from contacts where {same} and contact_id not in ({literals(sorted(contacts)) or 'null'}) limit 1"
        ).fetchone()
        if not others:
            own.add(value)
    return own
