"""Erasing a person from a home that has a warehouse, publications, lists and logs; nothing else of it changes."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import zipfile
from textwrap import dedent

import duckdb
import pytest
from goodwill import stages
from goodwill.audit import Lock, RunRecord
from goodwill.audit.ledger import read_entries
from goodwill.audit.verifying import verify_chain
from goodwill.cli.app import app
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.extract.forgetting import word_pattern
from goodwill.files import digest
from goodwill.forgetting import Request, clear_what_came_back, erase, finish_pending, hold_against_list, reapply
from goodwill.forgetting.erasing import renamed
from goodwill.forgetting.finding import Asked
from goodwill.forgetting.known import Known
from goodwill.forgetting.retention import expired
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces, rewrite_database
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.privacy.hashing import HashKeys, hash_keys
from goodwill.publish.publication import build_publication
from goodwill.publish.swap import swap
from goodwill.settings import load_business
from goodwill.settings.business import Retention
from goodwill.sources import load_sources
from typer.testing import CliRunner

from tests.unit.privacy.test_forgetting_rows import LINES, PEOPLE, SALES, SOURCES, STEWARD

WHO = Request("Ines", "asked by letter")
#: Ann, in every notation that may stand anywhere.
CANARIES = [b"ann@x.org", b"06 12 34 56 78", b"+33612345678", b"Ann Smith"]
FACTS = {"as_of": "2026-01-31", "code_version": "1", "configuration_sha256": "2"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A home in which every kind of file tells of Ann."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "input").mkdir()
    (folder / "goodwill.yml").write_text("identity: {default_region: FR}\nprivacy: {personal_file: owner}")
    (folder / "sources.yml").write_text(dedent(SOURCES))
    for name, text in {"people": PEOPLE, "sales": SALES, "lines": LINES, "steward": STEWARD}.items():
        (folder / "input" / f"{name}.csv").write_text(dedent(text).lstrip())
    home = Home.at(folder)
    for source in load_sources(home.sources_file).sources:
        land_source(home, source, "UTC")
    people = home.root / "input" / "people.csv"
    people.write_text(people.read_text().replace("Ann@X.org", "ann.old@x.org"))
    land_source(home, load_sources(home.sources_file).by_name("people"), "UTC")
    make_warehouse(home)
    folder = home.run("r1")
    folder.mkdir(parents=True)
    batch = active_batches(home, load_sources(home.sources_file).by_name("people"))[0].batch_id
    (folder / "quarantine.csv").write_text(
        "entity,source,file,row_no,column_name,reason,value,batch_id\n"
        f"contacts,people,people.csv,1,birth_year,BAD,born in Lyon,{batch}\ncontacts,people,people.csv,2,birth_year,BAD,n/a,{batch}\n"
    )
    (folder / "stages.jsonl").write_text('{"message": "Could not convert ANN@x.org"}\n')
    (home.logs / "dbt").mkdir(parents=True)
    (home.logs / "dbt" / "dbt.log").write_text("nothing of anybody\nAnn Smith\n")
    build_publication(home, "r1", FACTS, {}, "owner")
    swap(home, "r1")
    places = home.audit / "segment_ledger" / "000001_2026-01-31_r1"
    places.mkdir(parents=True)
    duckdb.sql(f"copy (select 'crm:17' as person_id, 'loyal' as life_cycle_stage) to '{places}/changes.parquet' (format parquet)")
    (places / "night.json").write_text(json.dumps({"run_id": "r1", "files": {"changes.parquet": digest(places / "changes.parquet")}}))
    home.accepted.parent.mkdir(parents=True)
    os.rename(home.working_copy, home.accepted)
    (home.landing / "people" / ".unfinished").mkdir()
    (home.landing / "people" / ".unfinished" / "page-1.json").write_text("ann@x.org")
    return home


@pytest.fixture
def home(whole, tmp_path):
    shutil.copytree(whole.root, tmp_path / "home", symlinks=True)
    return Home.at(tmp_path / "home")


def make_warehouse(home):
    home.working_copy.parent.mkdir(parents=True)
    keys = hash_keys(home)
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute("create schema control; create schema staging; create schema model; create schema marts; create schema audit")
        connection.execute("create table control.night as select 'r1' as run_id")
        connection.execute("create table control.keys (inner_key varchar, outer_key varchar)")
        connection.execute("insert into control.keys values (?, ?)", [keys.inner, keys.outer])
        connection.execute(
            "create table marts.dim_customers (person_id varchar primary key, city varchar, revenue_amount decimal(18,2));"
            "insert into marts.dim_customers values ('crm:17', 'Lyon', 17), ('crm:18', 'Nice', 20);"
            "create table marts.person_contacts as select * from (values ('crm:17', 'crm:17'), ('crm:20', 'crm:17'), ('crm:18', 'crm:18'), "
            "('crm:19', 'crm:19')) as t (contact_id, person_id);"
            "create table marts.fct_order_lines as select 'crm:17' as person_id, 'crm:17' as product_id, 7.0 as net_amount;"
            "create table marts.fct_refunds as select 'r1' as refund_id, 'crm:17' as person_id, 'she sent it back' as reason, 5.0 as amount "
            "union all select 'r2', 'crm:18', 'broken', 6.0;"
            "create table marts.referral_edges as select 'crm:18' as referred_person_id, 'crm:17' as referrer_person_id, true as is_valid;"
            "create table staging.base_contacts as select 'crm:17' as contact_id, 'Ann' as first_name, 'Lyon' as city, 'ann@x.org' as email, "
            "[{'column_name': 'x', 'value': 'Ann'}] as _problems;"
            "insert into staging.base_contacts select 'crm:18', 'Bob', 'Nice', 'bob@x.org', null;"
            "create view staging.stg_contacts as select * from warehouse.staging.base_contacts;"
            "create table model.phone_numbers as select '06 12 34 56 78' as raw_phone, '+33612345678' as e164;"
            "comment on column marts.dim_customers.city is 'Where.'"
        )


def everything(home):
    """The bytes of every file of the home but the sources' own, and the cells of packed ones."""
    for path in home.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.parts[len(home.root.parts)] != "input":
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()).encode()
            elif path.suffix == ".duckdb":
                with duckdb.connect(str(path), read_only=True) as connection:
                    for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                        yield path, str(connection.execute(f"from {schema}.{table}").fetchall()).encode()


def hits(home):
    return sorted(
        {str(path.relative_to(home.root)) for path, text in everything(home) for word in CANARIES if word.lower() in text.lower()}
    )


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


def test_a_backup_brings_nobody_back(home, tmp_path):
    backup = tmp_path / "backup.zip"
    with zipfile.ZipFile(backup, "w") as archive:
        for path in home.landing.rglob("*"):
            archive.write(path, path.relative_to(home.landing))
    erase(home, Asked(email="ann@x.org"), WHO)
    with zipfile.ZipFile(backup) as archive:
        archive.extractall(home.landing)
    for source in load_sources(home.sources_file).sources:
        hold_against_list(home, source, "UTC")
        assert hold_against_list(home, source, "UTC") == [], "once"
    texts = [text for path, text in everything(home) if path.name == "rows.parquet"]
    assert not any(b"Ann" in text or b"ann@x.org" in text for text in texts)


def test_a_restored_home_is_cleared_whole_by_its_next_night(home, tmp_path):
    """An old backup, with the list and the secret of today beside it, as the page on restoring says."""
    shutil.copytree(home.root, tmp_path / "backup", symlinks=True)
    erase(home, Asked(email="ann@x.org"), WHO)
    as_erased = {str(path.relative_to(home.root)): text for path, text in everything(home) if path.name == "changes.parquet"}
    restored = Home(tmp_path / "backup")
    shutil.copytree(home.privacy, restored.privacy, dirs_exist_ok=True)
    assert len(hits(restored)) >= 6
    for source in load_sources(restored.sources_file).sources:
        reapply(restored, source, "UTC")
    assert clear_what_came_back(restored) > 0
    left = [each for each in hits(restored) if ".unfinished" not in each]
    assert left == ["logs/dbt/dbt.log"], "the list knows nobody by name: logs are not restored"
    assert {
        str(path.relative_to(restored.root)): text for path, text in everything(restored) if path.name == "changes.parquet"
    } == as_erased
    with duckdb.connect(str(restored.accepted), read_only=True) as connection:
        assert connection.execute("select person_id, city from marts.dim_customers order by revenue_amount").fetchall()[0][1] is None
    assert verify_chain(restored).problem == ""
    assert list(restored.privacy.glob("came-back*")) == []
    assert clear_what_came_back(restored) == 0, "once"


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_commands_show_and_erase(home, tmp_path):
    shown = run("export", "--home", home.root, "--email", "ann@x.org", "--to", tmp_path / "ann.json")
    assert shown.exit_code == 0, shown.output
    content = json.loads((tmp_path / "ann.json").read_text())
    assert (tmp_path / "ann.json").stat().st_mode & 0o777 == 0o600
    assert content["known_by"]["contacts"] == ["crm:17", "crm:20"]
    assert [row["first"] for row in content["landed"]["people"]] == ["Ann"] * 4, "two contacts in two versions"
    assert [row["nr"] for row in content["landed"]["sales"]] == ["1"]
    assert [row["why"] for row in content["landed"]["lines"]] == ["Ann did not like it"]
    assert content["made_of_it"]["dim_customers"] == [{"person_id": "crm:17", "city": "Lyon", "revenue_amount": "17.00"}]
    assert content["made_of_it"]["referral_edges"] == [
        {"referred_person_id": "somebody else", "referrer_person_id": "crm:17", "is_valid": True}
    ]
    assert "Bob" not in json.dumps(content)
    assert "crm:18" not in json.dumps(content), "whom she brought is not hers to be told"
    assert run("erase", "--home", home.root, "--email", "ann@x.org", "--by", "Ines", "--reason", "asked", "--yes").exit_code == 0
    assert hits(home) == []
    lifted = run("erase", "--home", home.root, "--email", "ann@x.org", "--by", "Ines", "--reason", "is back", "--lift")
    assert "1 entries taken off" in lifted.output
    assert Forgotten.of(home).person("email:ann@x.org") is None
    exported, *others = read_entries(home)
    assert (exported.kind, [entry.kind for entry in others]) == ("export", ["erasure", "override"])
    assert exported.facts["rows"] == 12
    assert not any(word in str(exported.facts) for word in ("ann", "Ann", "crm:17"))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_was_exported_for_the_person_goes_with_them(home, form):
    for person in ("crm:17", "crm:18"):
        assert run("export", "--home", home.root, "--person", person, "--format", form).exit_code == 0
    assert len(list(home.exports.iterdir())) == 2
    erase(home, Asked(person="crm:17"), WHO)
    (other,) = home.exports.iterdir()
    assert "Bob" in (other if form == "json" else other / "known_by.csv").read_text()


@pytest.mark.parametrize(
    "named", [Request("Ann Smith", "asked"), Request("Ines", "letter from ANN@x.org"), Request("Ines", "called from 0612 345 678")]
)
def test_the_ledger_is_not_told_who_it_was(home, named):
    with pytest.raises(GoodwillError, match="names the person who is to be forgotten"):
        erase(home, Asked(person="crm:17"), named)
    assert len(hits(home)) >= 6, "nothing was erased"


def test_a_number_is_found_however_its_digits_stand():
    pattern = word_pattern(Known("x", phones=("06 11 22 33 44",), region="FR").words().anywhere)
    for text in ("tel 06-11-22-33-44.", "+33611223344", "(0033) 6 11.22.33.44", "0611223344;"):
        assert re.search(pattern, text), text
    for text in ("06 11 22 33 45", "906112233449", "order 61122334"):
        assert not re.search(pattern, text), text


def test_an_export_for_a_spreadsheet_runs_nothing(home):
    people = home.root / "input" / "people.csv"
    people.write_text(people.read_text().replace("Lyon", "=1+1").replace("calls herself Ann", '"@SUM(1)"'))
    land_source(home, load_sources(home.sources_file).by_name("people"), "UTC")
    assert run("export", "--home", home.root, "--person", "crm:17", "--format", "csv").exit_code == 0
    (folder,) = home.exports.iterdir()
    text = (folder / "landed_people.csv").read_text()
    assert "'=1+1" in text
    assert "'@SUM(1)" in text
    assert ",=1" not in text
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert (folder.stat().st_mode | home.exports.stat().st_mode) & 0o077 == 0


def test_a_task_takes_keys_and_no_addresses(home):
    with pytest.raises(GoodwillError, match="would stay in Airflow"):
        stages.erase_person(str(home.root), "ann@x.org", "Ines", "asked")
    with pytest.raises(GoodwillError, match="would stay in Airflow"):
        stages.erase_person(str(home.root), "+33 6 12 34 56 78", "Ines", "asked")
    done = stages.erase_person(str(home.root), f"p_{hash_keys(home).hash('crm:17')}", "Ines", "asked")
    assert done["batches"] == 5
    assert hits(home) == []


def test_retention_forgets_whom_nothing_was_heard_of(home):
    with duckdb.connect(str(home.accepted)) as connection:
        connection.execute(
            "create schema intermediate; create or replace table control.night as select 'r1' as run_id, date '2027-02-02' as as_of;"
            "alter table marts.dim_customers add column is_customer boolean; alter table marts.dim_customers add column last_purchase_on date;"
            "alter table marts.dim_customers add column has_active_subscription boolean;"
            "update marts.dim_customers set is_customer = true, last_purchase_on = case person_id when 'crm:17' then date '2024-02-02' else date '2024-02-03' end;"
            "insert into marts.dim_customers values ('crm:19', null, 0, false, null, false), ('guest:shop:3', null, 5, true, '2020-01-01', null);"
            "create table marts.fct_contact_events as select * from (values ('crm:17', 'opened', date '2026-01-01'), ('crm:19', 'clicked', date '2026-01-01')) "
            "as t (person_id, kind, occurred_on);"
            "create table intermediate.int_people as select * from (values ('crm:17', 'crm:17'), ('crm:18', 'crm:18'), ('crm:19', 'crm:19'), ('guest:shop:3', null)) "
            "as t (person_id, contact_id) cross join (select date '2020-01-01' as first_seen_on, date '2020-01-01' as created_on, null::date as last_subscription_ended_on);"
            "create table intermediate.int_identities as select * from (values ('crm:17', 'crm:17'), ('crm:20', 'crm:17'), ('ann@x.org', 'crm:17')) as t (source_ref, person_id)"
        )
    off = load_business(home.business_file)
    assert expired(home, off) == []
    on = off.model_copy(update={"retention": Retention(customers_days=1095)})
    assert expired(home, on, dt.date(2027, 2, 1)) == ["guest:shop:3"], "three years are not over yet"
    assert expired(home, on) == ["crm:17", "guest:shop:3"], "opening a message is nobody's doing"
    assert expired(home, off.model_copy(update={"retention": Retention(prospects_days=30)})) == ["crm:19"]
    home.privacy.mkdir(exist_ok=True)
    home.legal_hold_file.write_text("guest:shop:3\n")
    home.business_file.write_text(home.business_file.read_text() + "\nretention: {customers_days: 1095}\n")
    assert run("retain", "--home", home.root, "--dry-run").output.splitlines() == ["crm:17", "1 people: their time is over"]
    done = run("retain", "--home", home.root, "--by", "Ines")
    assert "1 people forgotten" in done.output, done.output
    (entry,) = read_entries(home)
    assert entry.facts["reason"] == "retention: customers 1095, prospects None days"
    texts = [text for path, text in everything(home) if path.name in ("rows.parquet", "warehouse.duckdb")]
    assert not any(b"Ann" in text or b"ann@x.org" in text for text in texts)
    assert "nobody's time is over" in run("retain", "--home", home.root, "--by", "Ines").output


def test_a_masked_copy_is_a_home_with_nobody_in_it(home, tmp_path):
    target = tmp_path / "masked"
    assert run("export", "--home", home.root, "--masked", "--to", target).exit_code == 0
    texts = [path.read_bytes() for path in target.rglob("*") if path.is_file()]
    for path in target.rglob("*.parquet"):
        texts.append(str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()).encode())
    for word in (b"Ann", b"Bob", b"Lyon", b"x.org", b"rue X", b"Zed", b"1970"):
        assert not any(word in text for text in texts), word
    masked, sources = Home.at(target), load_sources(target / "sources.yml")
    for source in sources.sources:
        land_source(masked, source, "UTC")
    totals = {source.name: active_batches(masked, source)[0].totals for source in sources.sources}
    assert (totals["sales"]["orders"].rows, str(totals["sales"]["orders"].amount)) == (4, "42.00")
    rows = dict(duckdb.sql(f"select id, mail from read_parquet('{target}/input/people/*.parquet')").fetchall())
    ordered = [who for (who,) in duckdb.sql(f"select who from read_parquet('{target}/input/sales/*.parquet')").fetchall()]
    assert len(rows) == 4
    assert ordered[1] in rows.values(), "Bob's order is still that of the contact who was Bob"
    assert not (target / ".unmasked").exists()
    assert "is there already" in str(run("export", "--home", home.root, "--masked", "--to", target).exception)
