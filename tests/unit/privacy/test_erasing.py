"""Erasing a person from a home that has a warehouse, publications, lists and logs; nothing else of it changes."""

from __future__ import annotations

import json
import os
import stat

import duckdb
import pytest
from goodwill.audit import Lock, RunRecord
from goodwill.audit.ledger import read_entries
from goodwill.audit.verifying import verify_chain
from goodwill.errors import GoodwillError
from goodwill.extract import land_source
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.files import digest
from goodwill.forgetting import Request, erase, finish_pending
from goodwill.forgetting.elsewhere import clear
from goodwill.forgetting.erasing import renamed
from goodwill.forgetting.finding import Asked
from goodwill.forgetting.known import Known
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces, rewrite_database
from goodwill.privacy.forgotten import Forgotten, unfinished_erasures
from goodwill.privacy.hashing import HashKeys, hash_keys
from goodwill.sources import load_sources

from tests.unit.privacy.people_home import WHO, everything, hits


def test_nothing_is_left_and_nothing_else_changes(home):
    assert len(hits(home)) >= 6, "the canaries are where they should be found"
    done = erase(home, Asked(email="ANN@x.org"), WHO)
    assert hits(home) == []
    assert done.left == ()
    assert [path for path, text in everything(home) if b"Ann" in text] == []
    with duckdb.connect(str(home.accepted), read_only=True) as connection:
        nobody = Forgotten.of(home).contact("crm:17", "crm")
        assert connection.execute("select * from marts.dim_customers order by revenue_amount").fetchall() == [
            (nobody, None, 17),
            ("crm:18", "Nice", 20),
        ]
        assert connection.execute("select person_id, product_id from marts.fct_order_lines").fetchall() == [(nobody, "crm:17")]
        assert connection.execute("select reason, amount from marts.fct_refunds order by all").fetchall() == [("broken", 6), (None, 5)]
        assert connection.execute("select first_name, email from staging.stg_contacts").fetchall() == [(None, None), ("Bob", "bob@x.org")]
        assert connection.execute("select comment from duckdb_columns() where column_name = 'city' and comment is not null").fetchall() == [
            ("Where.",)
        ]
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("insert into marts.dim_customers values (null, null, 1)")
    (places,) = (home.audit / "segment_ledger").glob("*/changes.parquet")
    assert duckdb.sql(f"from '{places}'").fetchall() == [(nobody, "loyal")]
    assert json.loads((places.parent / "night.json").read_text())["files"] == {"changes.parquet": digest(places)}
    assert [line.split(",")[6] for line in (home.run("r1") / "quarantine.csv").read_text().splitlines()] == ["value", "", "n/a"]
    assert (home.logs / "dbt" / "dbt.log").read_text() == "nothing of anybody\nerased\n"


def test_a_publication_keeps_its_figures_and_says_what_changed(home):
    before = json.loads((home.current / "manifest.json").read_text())
    erase(home, Asked(person="crm:17"), WHO)
    after = json.loads((home.current / "manifest.json").read_text())
    keyed = hash_keys(home)
    key = f"p_{keyed.hash(Forgotten.of(home).contact('crm:17', 'crm'))}"
    with duckdb.connect(str(home.current / "goodwill.duckdb"), read_only=True) as connection:
        assert set(connection.execute("select * from marts.dim_customers").fetchall()) == {(key, 17), (f"p_{keyed.hash('crm:18')}", 20)}
    with duckdb.connect(str(home.current / "personal" / "goodwill.duckdb"), read_only=True) as connection:
        assert ("Lyon",) not in connection.execute("select city from marts.dim_customers").fetchall()
        assert ("crm:17",) not in connection.execute("select source_id from marts.person_keys").fetchall()
    assert set(after["erased_in"]) >= {"goodwill.duckdb", "marts/dim_customers.parquet", "personal/goodwill.duckdb"}
    for name, file in after["files"].items():
        assert (home.current / name).stat().st_size == file["bytes"]
        assert (home.current / name).stat().st_mode & 0o222 == 0
        assert (name in after["erased_in"]) == (before["files"][name]["sha256"] != file["sha256"])


@pytest.mark.parametrize(
    "asked",
    [
        Asked(person="crm:20"),
        Asked(phone="+33 (0)6.12.34.56.78"),
        Asked(email="ann.old@x.org"),
        Asked(person=f"p_{HashKeys.__name__}"),
    ],
    ids=["another contact", "number", "an address of old", "key of a publication"],
)
def test_any_identifier_finds_all_of_the_person(home, asked):
    if asked.person and asked.person.startswith("p_"):
        asked = Asked(person=f"p_{hash_keys(home).hash('crm:17')}")
    done = erase(home, asked, WHO)
    assert hits(home) == []
    assert (done.people, done.left) == (1, ())


def test_the_proof_counts_and_names_nobody(home):
    done = erase(home, Asked(email="ann@x.org"), WHO)
    (entry,) = read_entries(home)
    proof = entry.facts
    assert entry.kind == "erasure"
    for name, sealed in proof["seals"].items():
        assert sealed == digest(home.root / name), name
    assert {"published/r1/manifest.json", "published/r1/goodwill.duckdb", "runs/r1/quarantine.csv"} <= set(proof["seals"])
    assert verify_chain(home).problem == ""
    assert (proof["erasure"], proof["by"], proof["reason"]) == (done.erasure, "Ines", "asked by letter")
    assert proof["rows"] == done.rows > 4
    assert proof["batches"] == done.batches == 5, "both versions of the people too"
    assert not list(home.privacy.glob("pending*")), "what she was known by is gone"
    assert home.forgotten_file.stat().st_mode & 0o777 == 0o600
    assert home.privacy.stat().st_mode & 0o777 == 0o700


def test_control_totals_are_those_of_before(home):
    sources = load_sources(home.sources_file).sources
    before = {batch.batch_id: batch.totals for source in sources for batch in read_manifests(home, source.name)}
    erase(home, Asked(email="ann@x.org"), WHO)
    for source in sources:
        for batch in read_manifests(home, source.name):
            assert batch.totals == before[batch.batch_id]
            assert batch.forgotten[-1]["rows_sha256_before"] != batch.rows_sha256
            assert rows_file(home, batch).exists()


@pytest.mark.parametrize("point", ["after the note", "after the rows", "after landing", "after the proof"])
def test_killed_anywhere_the_next_call_finishes(home, point, tmp_path):
    child = os.fork()
    if child == 0:
        os.environ["GOODWILL_FAULT"] = f"forgetting: {point}"
        erase(home, Asked(email="ann@x.org"), WHO)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was killed"
    assert len(list(home.privacy.glob("pending*.json"))) == 1
    done = finish_pending(home)
    assert [each.left for each in done] == [()]
    assert hits(home) == []
    (entry,) = read_entries(home)
    assert len(entry.facts["seals"]) >= 12, "what was changed before the kill too"
    assert not list(home.privacy.glob("pending*"))


def test_a_note_that_was_killed_while_it_was_written_goes_with_whom_it_names(home):
    home.privacy.mkdir(mode=0o700, exist_ok=True)
    (home.privacy / "pending-erase-1.new").write_text('{"people": [{"emails": ["ann@x.o')
    assert unfinished_erasures(home) == [], "nothing of it was begun"
    finish_pending(home)
    assert not list(home.privacy.glob("pending*"))


@pytest.mark.parametrize("asked", [Asked(email="ann@x.org"), Asked(person="crm:17")])
def test_asked_for_again_the_erasure_that_was_cut_off_is_finished_and_told(home, asked):
    child = os.fork()
    if child == 0:
        os.environ["GOODWILL_FAULT"] = "forgetting: after landing"
        erase(home, asked, WHO)
        os._exit(0)
    os.waitpid(child, 0)
    (note,) = home.privacy.glob("pending*.json")
    begun = [home.published / "r1" / ".goodwill.duckdb.4711", home.published / "r1" / ".goodwill.duckdb.4711.wal"]
    for path in begun:
        path.write_text("ann@x.org")
    done = erase(home, asked, WHO)
    assert not any(path.exists() for path in begun), "what the killed one had begun to write"
    assert (f"pending-{done.erasure}.json", done.people, done.left) == (note.name, 1, ())
    assert hits(home) == []
    with pytest.raises(GoodwillError, match="any more: they were forgotten"):
        erase(home, asked, WHO)


def test_what_is_made_anew_is_for_the_owner_alone_until_it_takes_its_place(home):
    """What is begun holds others in clear, in folders that BI may read."""
    known = Known("0123456789abcdef", contacts=("crm:17",), emails=("ann@x.org",))
    traces = Traces(renamed(home, Forgotten.of(home).with_keys(home, known.keys()), [known]), Sought(known.words().anywhere))
    places = [path for path in home.root.rglob("*") if path.suffix in (".duckdb", ".parquet") and "landing" not in path.parts]
    modes, begun = {path: path.stat().st_mode for path in places}, []

    def look(path):
        begun.extend(stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob(f".{path.name}.*"))

    mask = os.umask(0o022)
    try:
        assert clear(home, traces, look) >= len(begun) >= 5
    finally:
        os.umask(mask)
    assert set(begun) == {0o600}
    assert {path: path.stat().st_mode for path in places} == modes, "and it has the rights of what was there"


def test_whoever_was_brought_by_a_code_names_nobody_since(home, tmp_path):
    known = Known("0123456789abcdef", contacts=("crm:17",), codes=("crm:GIVE0017",))
    listed = Forgotten.of(home).with_keys(home, known.keys())
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table base_contacts as select 'crm:18' as contact_id, 'crm:GIVE0017' as referred_by")
    assert rewrite_database(warehouse, Traces(renamed(home, listed, [known]), Sought(known.words().anywhere)), lambda _: None)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (row,) = connection.execute("select * from base_contacts").fetchall()
    assert row == ("crm:18", listed.contact("crm:GIVE0017", "crm")), "as the next night makes of the landed row"


def test_the_pages_of_a_run_are_listed_as_they_are_since(home):
    page = home.run("r1") / "data_docs" / "index.html"
    page.parent.mkdir()
    page.write_text("somebody wrote: Ann Smith")
    RunRecord.of(home, "r1").list_documents()
    erase(home, Asked(email="ann@x.org"), WHO)
    listing = json.loads(page.with_name("manifest.json").read_text())
    assert listing["files"]["index.html"]["sha256"] == digest(page)
    assert page.read_text() == "somebody wrote: erased"
    (entry,) = read_entries(home)
    assert entry.facts["seals"]["runs/r1/data_docs/manifest.json"] == digest(page.with_name("manifest.json"))


def test_what_is_shared_stays_with_the_others(home):
    people = home.root / "input" / "people.csv"
    people.write_text(people.read_text().replace("bob@x.org", "ann.old@x.org"))
    land_source(home, load_sources(home.sources_file).by_name("people"), "UTC")
    with pytest.raises(GoodwillError, match="2 people are known by that") as several:
        erase(home, Asked(email="ann.old@x.org"), WHO)
    assert "crm:" not in str(several.value)
    erase(home, Asked(person="crm:17"), WHO)
    rows = str([row for path, row in everything(home) if path.name == "rows.parquet"])
    assert "Ann" not in rows
    assert "ann.old@x.org" in rows, "Bob's address too"


def test_who_is_unknown_or_forgotten_already_is_said(home):
    with pytest.raises(GoodwillError, match="nobody is known by that\n"):
        erase(home, Asked(email="zoe@x.org"), WHO)
    erase(home, Asked(email="ann@x.org"), WHO)
    with pytest.raises(GoodwillError, match="any more: they were forgotten"):
        erase(home, Asked(email="ann@x.org"), WHO)
    with pytest.raises(GoodwillError, match="in one way"):
        Asked(email="a@b.c", phone="1")
    with pytest.raises(GoodwillError, match="needs a name and a reason"):
        erase(home, Asked(email="bob@x.org"), Request("", ""))


def test_a_running_night_is_not_disturbed(home):
    Lock.of(home).acquire("a night", os.getpid())
    with pytest.raises(GoodwillError, match="holds the warehouse"):
        erase(home, Asked(email="ann@x.org"), WHO)
    Lock.of(home).release("a night")
