"""A publication that was made again: what differs is said, and what an erasure since explains is told from what nothing explains."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from goodwill.cli.comparing import compare
from goodwill.privacy.hashing import HashKeys

HASH = HashKeys("in", "out").hash
ANN, BEN = (f"p_{HASH(person)}" for person in ("crm:erased-1", "ben"))


def publication(path: Path, people: dict[str, int], moved: int, reason: str = "too small") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.segments (person_id varchar, amount int)")
        for row in people.items():
            connection.execute("insert into marts.segments values (?, ?)", row)
        connection.execute(f"create table marts.segment_migrations as select date '2026-01-01' as moved_on, {moved} as people_count")
        connection.execute(
            f"create table marts.fct_refunds as select 'r1' as refund_id, '{BEN}' as person_id, nullif('{reason}', '') as reason"
        )
    return path


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """One of whose two people is forgotten."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema control; create schema intermediate; create schema marts; create schema staging")
        connection.execute("create table control.keys as select 'in' as inner_key, 'out' as outer_key")
        connection.execute(
            "create table intermediate.int_identities as select * from (values ('crm:erased-1', 'crm:erased-1'), ('b', 'ben')) as t(source_ref, person_id)"
        )
        connection.execute("create table marts.person_contacts as select 'b' as contact_id, 'ben' as person_id")
        connection.execute("create table staging.base_contacts as select 'b' as contact_id, 'ben@x.org' as email")
    return path


@pytest.mark.parametrize(
    ("people", "erasures", "explained"),
    [
        ({ANN: 1, BEN: 2}, 1, {"segments", "segment_migrations"}),
        ({ANN: 9, BEN: 2}, 1, {"segments", "segment_migrations"}),
        ({ANN: 9, BEN: 2}, 0, set()),
        ({ANN: 1, BEN: 9}, 1, set()),
        ({BEN: 2}, 1, {"segments", "segment_migrations"}),
        ({ANN: 1}, 1, set()),
    ],
    ids=["nobody", "the forgotten", "the forgotten, and nobody was", "another", "the forgotten is not made", "another is not made"],
)
def test_an_erasure_explains_what_is_of_the_forgotten_and_what_is_counted_over_them(tmp_path, warehouse, people, erasures, explained):
    before = publication(tmp_path / "before.duckdb", {ANN: 1, BEN: 2}, moved=5)
    again = publication(tmp_path / "again.duckdb", people, moved=4)
    found = compare(before, again, warehouse, dict.fromkeys(("segments", "segment_migrations"), (True, True)), erasures)
    assert {table for table, each in found.items() if each.explained} == explained
    assert found["segment_migrations"].said.startswith("1 rows were published and are not made, 1 are made and were not published")


def test_a_text_that_fewer_people_share_since_is_no_difference(tmp_path, warehouse):
    before = publication(tmp_path / "before.duckdb", {}, moved=5)
    again = publication(tmp_path / "again.duckdb", {}, moved=5, reason="")
    for erasures, explained in ((1, True), (0, False)):
        assert compare(before, again, warehouse, {"fct_refunds": (True, True)}, erasures)["fct_refunds"].explained is explained


def test_what_cannot_be_compared_is_never_explained(tmp_path, warehouse):
    again = publication(tmp_path / "again.duckdb", {}, moved=5)
    tables = {"segments": (True, True), "folklore": (True, False), "labels": (False, True)}
    found = compare(tmp_path / "gone.duckdb", again, warehouse, tables, 1)
    assert not any(each.explained for each in found.values())
    assert [each.said.split(";")[0] for each in found.values()] == ["differs", "is not made any more", "was not made then"]
