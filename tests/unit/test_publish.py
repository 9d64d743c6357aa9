"""Publication: built whole, swapped in one step, the last few kept."""

from __future__ import annotations

import json

import duckdb
import pytest
from goodwill import audit
from goodwill.errors import GoodwillError
from goodwill.privacy.hashing import HashKeys
from goodwill.publish import current_as_of, current_run, prune, publications
from goodwill.publish.publication import build_publication
from goodwill.publish.swap import swap

P1 = f"p_{HashKeys('in', 'out').hash('p1')}"
FACTS = {"verdict": "running", "as_of": "2026-01-31", "code_version": "1", "configuration_sha256": "2"}


@pytest.fixture
def home(make_home):
    home = make_home()
    home.working_copy.parent.mkdir(parents=True)
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute("create schema marts; create schema audit; create schema staging; create schema control")
        connection.execute("create table control.night as select 'run1' as run_id")
        connection.execute(
            "create table marts.dim_customers as select 'p1' as person_id, 'Lyon' as city, cast(1.5 as decimal(18,2)) as revenue_amount"
        )
        connection.execute("comment on column marts.dim_customers.person_id is 'The person''s id.'")
        connection.execute("create table control.keys as select 'in' as inner_key, 'out' as outer_key")
        connection.execute("create table audit.runs as select 'r' as run_id; create table staging.secret as select 1 as x")
    return home


def build(home, run_id, **facts):
    """A publication of a run, which has laid out the warehouse for itself."""
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute("update control.night set run_id = ?", [run_id])
    return build_publication(home, run_id, FACTS | facts, {})


def test_a_publication_holds_marts_and_audit_and_nothing_else(home):
    folder = build_publication(home, "run1", FACTS, {})
    with duckdb.connect(str(folder / "goodwill.duckdb"), read_only=True) as connection:
        tables = {
            f"{schema}.{table}" for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        }
        comment = connection.execute("select comment from duckdb_columns() where column_name = 'person_id'").fetchone()
    assert tables == {"marts.dim_customers", "audit.runs", "audit.release"}
    assert comment == ("The person's id.",)
    assert duckdb.sql(f"from '{folder}/marts/dim_customers.parquet'").fetchall() == [(P1, pytest.approx(1.5))]
    assert not list(folder.rglob("*.wal"))
    assert (folder / "goodwill.duckdb").stat().st_mode & 0o222 == 0, "read-only"


def test_people_are_keys_and_nothing_personal_is_told(home):
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute(
            "create table marts.fct_orders as select * from (values ('p1', 'by ann@x.org', 'shop'), ('q2', 'web', null), (null, '@home', 'a@b')) "
            "as t (person_id, channel, brand)"
        )
        connection.execute("create table marts.edges as select 'p1' as referrer_person_id, 'c9' as first_contact_id, 'late' as reason")
    folder = build_publication(home, "run1", FACTS, {})
    with duckdb.connect(str(folder / "goodwill.duckdb"), read_only=True) as connection:
        assert connection.execute("select * from marts.dim_customers").fetchall() == [(P1, pytest.approx(1.5))]
        orders = set(connection.execute("select * from marts.fct_orders").fetchall())
        edges = connection.execute("select * from marts.edges").fetchall()
        assert connection.execute("select count(*) from duckdb_tables() where table_name ilike '%keys%'").fetchone() == (0,)
    hashed = f"p_{HashKeys('in', 'out').hash('by ann@x.org')}"
    assert orders == {(P1, hashed, "shop"), (f"p_{HashKeys('in', 'out').hash('q2')}", "web", None), (None, "@home", "a@b")}
    assert edges == [(P1, f"p_{HashKeys('in', 'out').hash('c9')}", "late")]
    for path in folder.rglob("*.*"):
        assert b"ann@x.org" not in path.read_bytes(), path
    assert not (folder / "personal").exists()


def test_what_somebody_wrote_of_a_person_is_told_only_where_it_says_the_same_of_several(home):
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute(
            "create table marts.fct_refunds as select concat('r', i) as refund_id, concat('p', case when i < 5 then i else 5 end) as person_id, "
            "case when i < 5 then 'too small' when i = 5 then 'too small' when i < 11 then 'Ann Dupont, 3 rue de la Paix' end as reason from range(1, 13) as t(i)"
        )
        connection.execute("create table marts.folklore as select 'Ann said so' as claim, 'a word of its own' as reason")
    folder = build_publication(home, "run1", FACTS, {}, "owner")
    told = duckdb.sql(
        f"select refund_id, reason from '{folder}/marts/fct_refunds.parquet' where reason is not null order by all"
    ).fetchall()
    assert told == [(f"r{i}", "too small") for i in range(1, 6)], "five people have the one, and one person five times the other"
    assert duckdb.sql(f"select reason from '{folder}/marts/folklore.parquet'").fetchall() == [("a word of its own",)]
    with duckdb.connect(str(folder / "personal" / "goodwill.duckdb"), read_only=True) as connection:
        (written,) = connection.execute("select count(reason) from marts.fct_refunds").fetchall()[0]
    assert written == 10


@pytest.mark.parametrize(("who", "mode"), [("owner", 0o400), ("group", 0o440)])
def test_personal_columns_stand_in_a_file_of_their_own_where_they_are_wanted(home, who, mode):
    folder = build_publication(home, "run1", FACTS, {}, who)
    path = folder / "personal" / "goodwill.duckdb"
    assert path.stat().st_mode & 0o777 == mode
    assert "personal/goodwill.duckdb" in json.loads((folder / "manifest.json").read_text())["files"]
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select * from marts.dim_customers").fetchall() == [(P1, "Lyon", pytest.approx(1.5))]
        assert connection.execute("select * from marts.person_keys").fetchall() == [(P1, "p1")]


def test_the_manifest_names_every_file_with_its_digest(home):
    folder = build_publication(home, "run1", FACTS, {})
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == {"goodwill.duckdb", "marts/dim_customers.parquet"}
    assert manifest["tables"]["marts.dim_customers"] == 1
    assert manifest["run_id"] == "run1"
    assert manifest["verdict"] == "published", "the run's own record still says running at this moment"


def test_the_swap_is_a_link_and_old_publications_stay_until_pruned(home):
    for number in range(1, 5):
        build(home, f"run{number}")
        swap(home, f"run{number}")
    assert current_run(home) == "run4"
    assert str(current_as_of(home)) == "2026-01-31"
    (home.published / ".building-dead").mkdir()
    removed = prune(home, keep=2)
    assert sorted(removed) == [".building-dead", "run1", "run2"]
    assert sorted(path.name for path in home.published.iterdir()) == ["current", "run3", "run4"]


def test_what_is_removed_is_on_record(home):
    for number in range(1, 4):
        build(home, f"run{number}")
        swap(home, f"run{number}")
    prune(home, keep=2)
    (row,) = [row for row in audit.ledger.read_entries(home) if row.kind == "housekeeping"]
    assert row.facts == {"removed": "publications", "runs": ["run1"], "seals": {"published/run1/manifest.json": None}}
    assert [each.run_id for each in publications(home)] == ["run2", "run3"]


def test_a_run_does_not_publish_the_work_of_another(home):
    with pytest.raises(GoodwillError, match="run2 cannot publish: the warehouse is that of run run1"):
        build_publication(home, "run2", FACTS, {})


def test_a_publication_is_not_built_twice(home):
    first = (build(home, "run1") / "manifest.json").read_bytes()
    assert (build(home, "run1", code_version="2") / "manifest.json").read_bytes() == first


def test_equal_marts_have_equal_fingerprints_in_any_order_and_other_marts_others(home):
    def print_of(run_id: str, select: str) -> str:
        with duckdb.connect(str(home.working_copy)) as connection:
            connection.execute(f"create or replace table marts.dim_customers as {select}")
        return str(json.loads((build(home, run_id) / "manifest.json").read_text())["fingerprints"]["dim_customers"])

    forward = print_of("run1", "select unnest(['a', 'b', 'b']) as id, 0.5 as fitted_seconds")
    assert print_of("run2", "select unnest(['b', 'a', 'b']) as id, 0.7 as fitted_seconds") == forward
    others = {
        print_of("run3", "select unnest(['a', 'b']) as id, 0.5 as fitted_seconds"),
        print_of("run4", "select unnest(['a', 'b', 'c']) as id, 0.5 as fitted_seconds"),
        print_of("run5", "select unnest(['a', 'a', 'b']) as id, 0.5 as fitted_seconds"),
    }
    assert len(others | {forward}) == 4


def test_the_present_publication_is_never_pruned(home):
    for number in range(1, 4):
        build(home, f"run{number}")
    swap(home, "run1")
    prune(home, keep=1)
    assert current_run(home) == "run1"
    assert (home.current / "goodwill.duckdb").exists()


def test_without_a_publication_there_is_no_present_day(home):
    assert current_run(home) is None
    assert current_as_of(home) is None
