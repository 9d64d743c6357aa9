"""Who is who, on the real SQL: what holds for any contacts, merges and decisions, and the cases that have a name."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from goodwill.settings.business import Identity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.compiled import Model
from tests.warehouse.people import World, identity_models

Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def compiled(events: list[Model]) -> dict[str, str]:
    return identity_models(events)


def contact(
    contact_id: str, name: str | None = None, *, day: int = 1, merged: str | None = None, changed: int | None = None, **more: Any
) -> Row:
    """A contact of January 2026, changed last on the day `changed`."""
    first, _, last = (name or "").partition(" ")
    return {
        "contact_id": contact_id,
        "created_at": dt.datetime(2026, 1, day, 10),
        "first_name": first or None,
        "last_name": last or None,
        "merged_into": merged,
        "updated_at": dt.datetime(2026, 1, changed or day, 12),
        **more,
    }


def decision(contact_id: str, other: str, said: str, day: int = 20) -> Row:
    return {"contact_id": contact_id, "other_contact_id": other, "decision": said, "decided_at": dt.datetime(2026, 1, day, 9)}


NAMES = ["Ann Lee", "LEE  Ann", "Bob Lee", "Carl May", None]
EMAILS = ["a@x.org", " A@X.org", "b@x.org", "c@x.org", None]
PHONES = ["06 12 34 56 78", "+33612345678", "06 98 76 54 32", None]
IDS = [f"c{number}" for number in range(9)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """A few contacts that share names, addresses, numbers, merges (circles too), and decisions about them."""
    ids = IDS[: draw(st.integers(2, len(IDS)))]
    contacts = [
        contact(
            each,
            draw(st.sampled_from(NAMES)),
            day=draw(st.integers(1, 31)),
            merged=draw(st.sampled_from([None, None, None, "unknown", *ids])),
            email=draw(st.sampled_from(EMAILS)),
            phone=draw(st.sampled_from(PHONES)),
            country="FR",
        )
        for each in ids
    ]
    pairs = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=4))
    decisions = [
        decision(one, other, draw(st.sampled_from(["same", "different", "different"])), draw(st.integers(1, 28))) for one, other in pairs
    ]
    return contacts, list({(each["contact_id"], each["other_contact_id"], each["decided_at"]): each for each in decisions}.values())


def last_decisions(decisions: list[Row]) -> dict[frozenset[str], str]:
    """The last word about each pair; at one moment the one that keeps apart."""
    last: dict[frozenset[str], tuple[dt.datetime, bool]] = {}
    for each in decisions:
        pair = frozenset((each["contact_id"], each["other_contact_id"]))
        said = (each["decided_at"], each["decision"] == "different")
        if len(pair) == 2:
            last[pair] = max(last.get(pair, said), said)
    return {pair: "different" if apart else "same" for pair, (_, apart) in last.items()}


def name_of(row: Row) -> str | None:
    words = sorted(f"{row['first_name'] or ''} {row['last_name'] or ''}".lower().split())
    return " ".join(words) or None


def components(nodes: list[str], links: list[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Node → all it is connected with, by the plainest means."""
    group = {node: {node} for node in nodes}
    for one, other in links:
        if group[one] is not group[other]:
            group[one] |= group[other]
            for node in group[one]:
                group[node] = group[one]
    return {node: frozenset(members) for node, members in group.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(world=worlds(), seed=st.integers(0, 10**6), largest=st.sampled_from([2, 4, 10]))
def test_what_holds_for_any_contacts(compiled: dict[str, str], world: tuple[list[Row], list[Row]], seed: int, largest: int) -> None:
    contacts, decisions = world
    chosen = Identity(largest_person=largest)
    with World(compiled, contacts, decisions, settings=chosen).run() as night:
        rows = night.execute(
            "select contact_id, person_id, is_survivor, link_rule, linked_to_contact_id, linked_on from marts.person_contacts"
        ).fetchall()
        certain_links = night.execute("select contact_id, other_contact_id from intermediate.int_contact_links__certain").fetchall()
        shared = night.execute("select identifier_hash from marts.shared_identifiers").fetchall()
    person = {row[0]: row[1] for row in rows}
    by_id = {each["contact_id"]: each for each in contacts}

    # everybody is one person, and one contact stands for each
    assert sorted(person) == sorted(by_id)
    assert {row[0] for row in rows if row[2]} == set(person.values())
    assert all(person[survivor] == survivor for survivor in person.values())

    # the order of the rows says nothing
    shuffled, told = list(contacts), list(decisions)
    random.Random(seed).shuffle(shuffled)
    random.Random(seed).shuffle(told)
    assert World(compiled, shuffled, told, settings=chosen).people() == person

    # nobody is one person against a decision
    last = last_decisions(decisions)
    for pair, said in last.items():
        one, other = sorted(pair)
        assert said == "same" or person[one] != person[other]

    # two names are one person only where merges and decisions lead from the one to the other
    groups: dict[str, list[str]] = defaultdict(list)
    for each, owner in person.items():
        groups[owner].append(each)
    for members in groups.values():
        within = [link for link in certain_links if set(link) <= set(members)]
        same_name = [
            (one, other) for one in members for other in members if name_of(by_id[one]) and name_of(by_id[one]) == name_of(by_id[other])
        ]
        connected = components(members, within + same_name)
        assert len({connected[each] for each in members if name_of(by_id[each])}) <= 1

    # a person that is too large was made by the source or the steward
    certain = components(list(by_id), [tuple(link) for link in certain_links])
    for members in groups.values():
        assert len(members) <= largest or any(set(members) <= group for group in certain.values())

    # without contradiction, a merge and a decision hold
    if "different" not in last.values():
        assert all(person[one] == person[other] for one, other in certain_links)

    # each link is evidence: it leads to another contact of the person, and both were known by then
    for each, owner, is_survivor, rule, linked_to, linked_on in rows:
        assert is_survivor == (rule == "own") == (linked_to is None)
        if linked_to:
            assert person[linked_to] == owner
            assert linked_on >= max(by_id[each]["created_at"], by_id[linked_to]["created_at"]).date()
    assert len(shared) == len(set(shared))


def test_a_chain_of_five_hundred_merges_is_one_person(compiled: dict[str, str]) -> None:
    chain = [contact(f"m{number:03}", merged=f"m{number + 1:03}") for number in range(500)]
    people = World(compiled, [*chain, contact("m500")]).people()
    assert set(people.values()) == {"m500"}


def test_a_circle_of_merges_is_its_oldest_contact(compiled: dict[str, str]) -> None:
    ring = [contact(f"r{number}", day=9 - number, merged=f"r{(number + 1) % 5}") for number in range(5)]
    assert set(World(compiled, ring).people().values()) == {"r4"}


def test_a_till_s_address_makes_no_giant(compiled: dict[str, str]) -> None:
    till = [contact(f"t{number:02}", "Walk In", email="till@shop.example", phone="0612345678", country="FR") for number in range(11)]
    world = World(compiled, till)
    assert len(set(world.people().values())) == 11
    with world.run() as night:
        assert night.execute(
            "select kind, contacts_count, people_count, reason from marts.shared_identifiers order by kind"
        ).fetchall() == [
            ("email", 11, 11, "oversized"),
            ("phone", 11, 11, "oversized"),
        ]
    assert len(set(World(compiled, till[:10]).people().values())) == 1


def test_a_family_keeps_its_members(compiled: dict[str, str]) -> None:
    people = World(
        compiled,
        [
            contact("mother", "Ann Lee", email="lee@x.org", day=1),
            contact("father", "Bob Lee", email="LEE@x.org ", day=2),
            contact("mother_again", "lee ann", email="\u200blee@x.org", day=3),
            contact("nameless", None, email="lee@x.org", day=4),
        ],
    ).people()
    assert people == {"mother": "mother", "father": "father", "mother_again": "mother", "nameless": "nameless"}


def versions(*rows: Row) -> list[Row]:
    """Versions of contacts, each landed in a batch of its own."""
    return [{**row, "_batch_id": f"b{number}"} for number, row in enumerate(rows)]


A_AND_B = (contact("a", "Ann Lee", email="a@x.org"), contact("b", "Bob May", email="b@x.org", day=2))


def marts(world: World) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    with world.run() as night:
        tables = ("person_contacts", "shared_identifiers")
        first, second = (sorted(night.execute(f"select * from marts.{table}").fetchall(), key=repr) for table in tables)
        return first, second


def test_an_unmerge_at_the_source_restores_everything(compiled: dict[str, str]) -> None:
    merged = contact("b", "Bob May", email="b@x.org", day=2, merged="a", changed=10)
    unmerged = contact("b", "Bob May", email="b@x.org", day=2, changed=15)
    before = marts(World(compiled, versions(*A_AND_B)))
    between = World(compiled, versions(*A_AND_B, merged))
    assert between.people() == {"a": "a", "b": "a"}
    assert marts(World(compiled, versions(*A_AND_B, merged, unmerged))) == before


def test_a_decision_taken_back_restores_everything(compiled: dict[str, str]) -> None:
    before = marts(World(compiled, A_AND_B))
    assert World(compiled, A_AND_B, [decision("a", "b", "same", 10)]).people() == {"a": "a", "b": "a"}
    assert marts(World(compiled, A_AND_B, [decision("a", "b", "same", 10), decision("b", "a", "different", 11)])) == before


@pytest.mark.parametrize(
    ("day", "people"), [(9, {"a": "a", "b": "b"}), (10, {"a": "a", "b": "a"}), (14, {"a": "a", "b": "a"}), (15, {"a": "a", "b": "b"})]
)
def test_a_merge_holds_from_its_day_to_the_day_it_is_taken_back(compiled: dict[str, str], day: int, people: dict[str, str]) -> None:
    merged = contact("b", "Bob May", email="b@x.org", day=2, merged="a", changed=10)
    moved = contact("b", "Bob May", email="b@x.org", day=2, merged="a", changed=12, city="Lyon")
    unmerged = contact("b", "Bob May", email="b@x.org", day=2, changed=15)
    assert World(compiled, versions(*A_AND_B, merged, moved, unmerged), as_of=dt.date(2026, 1, day)).people() == people


def test_a_merge_is_dated_by_the_version_that_said_it_first(compiled: dict[str, str]) -> None:
    merged = contact("b", "Bob May", email="b@x.org", day=2, merged="a", changed=10)
    moved = contact("b", "Bob May", email="b@x.org", day=2, merged="a", changed=12, city="Lyon")
    with World(compiled, versions(*A_AND_B, merged, moved)).run() as night:
        assert night.execute("select link_rule, linked_on from marts.person_contacts where contact_id = 'b'").fetchall() == [
            ("merged_at_source", dt.date(2026, 1, 10))
        ]


def test_father_and_son_of_one_name_are_kept_apart_by_a_decision(compiled: dict[str, str]) -> None:
    pair = [contact("father", "Bob Lee", email="lee@x.org", day=1), contact("son", "Bob Lee", email="lee@x.org", day=2)]
    assert World(compiled, pair).people() == {"father": "father", "son": "father"}
    world = World(compiled, pair, [decision("son", "father", "different")])
    assert world.people() == {"father": "father", "son": "son"}
    with world.run() as night:
        assert night.execute("select reason from marts.shared_identifiers").fetchall() == [("blocked_by_decision",)]


def test_a_decision_about_two_of_a_family_takes_its_address_from_nobody_else(compiled: dict[str, str]) -> None:
    family = [
        contact("ann", "Ann Lee", email="lee@x.org", phone="+33612345678", day=1),
        contact("bob", "Bob Lee", email="lee@x.org", phone="+33612345678", day=2),
        contact("ann_again", "Ann Lee", email="lee@x.org", phone="+33612345678", day=3),
        contact("nobody", email="lee@x.org", day=4),
    ]
    apart = {"ann": "ann", "bob": "bob", "ann_again": "ann", "nobody": "nobody"}
    assert World(compiled, family).people() == apart
    told = [decision("ann", "bob", "different"), decision("ann", "nobody", "different")]
    assert World(compiled, family, told).people() == apart


def test_a_decision_about_nobody_or_itself_changes_nothing(compiled: dict[str, str]) -> None:
    told = [decision("a", "a", "different"), decision("a", "unknown", "same"), decision("a", "b", "perhaps")]
    world = World(compiled, A_AND_B, told)
    assert world.people() == {"a": "a", "b": "b"}
    with world.run() as night:
        statuses = night.execute("select other_contact_id, row_status from staging.base_identity_decisions order by 1").fetchall()
    assert statuses == [("a", "quarantined"), ("b", "quarantined"), ("unknown", "accepted")]
