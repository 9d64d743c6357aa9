"""Erasing a person where more than the files of the night are concerned: backups, exports, commands, retention and masked copies."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import zipfile

import duckdb
import pytest
from goodwill import stages
from goodwill.audit.ledger import read_entries
from goodwill.audit.verifying import verify_chain
from goodwill.cli.app import app
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source
from goodwill.extract.forgetting import word_pattern
from goodwill.faults import FAULT
from goodwill.forgetting import Request, clear_what_came_back, erase, hold_against_list, reapply
from goodwill.forgetting.finding import Asked
from goodwill.forgetting.known import Known
from goodwill.forgetting.retention import expired
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import load_business
from goodwill.settings.business import Retention
from goodwill.sources import load_sources
from typer.testing import CliRunner

from tests.unit.privacy.people_home import WHO, everything, hits


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
    child = os.fork()
    if child == 0:
        os.environ[FAULT] = "forgetting: after landing"
        run("retain", "--home", home.root, "--by", "Ines")
        os._exit(0)
    os.waitpid(child, 0)
    assert len(list(home.privacy.glob("pending*.json"))) == 1
    done = run("retain", "--home", home.root, "--by", "Ines")
    assert "1 people forgotten" in done.output, "what was cut off is finished, and told"
    assert not list(home.privacy.glob("pending*"))
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
