"""`goodwill doctor`: each thing that can be wrong with a home is found, with its remedy, and a sound home is fine."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from goodwill import audit, extract, stages
from goodwill.audit.form import FORM, bring_up, form_of
from goodwill.audit.ledger import ledger_file, read_entries
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.cli.app import app
from goodwill.cli.doctoring import FINE, PROBLEM, WARNING, Finding, examine
from goodwill.errors import ConfigurationError
from goodwill.home import Home
from goodwill.sources import load_sources
from typer.testing import CliRunner

from tests.small_night import night

ROWS = "order_id,ordered_at,customer_id,amount\n1,2025-03-01,c1,1.50\n"


@pytest.fixture
def home(make_home) -> Home:
    home: Home = make_home(goodwill="company: {currency: EUR}\ncalendar: {as_of: last_event_day}", **{"orders.csv": ROWS})
    (source,) = load_sources(home.sources_file).sources
    extract.land_source(home, source, "UTC")
    audit.enter_batches(home, "shop", None, "")
    night(home, "r1", "2026-01-31")
    return home


def wrong(home: Home) -> dict[str, Finding]:
    """What is not fine, by what it is about; the installed versions are not the home's."""
    return {each.about: each for each in examine(home) if each.level != FINE and each.about != "versions"}


def test_a_sound_home_is_fine(home):
    assert wrong(home) == {}
    assert len(examine(home)) >= 10


def test_before_the_first_night_there_is_one_warning(make_home):
    assert {about: each.level for about, each in wrong(make_home(**{"orders.csv": ROWS})).items()} == {"nights": WARNING}


def break_ledger(home: Home) -> None:
    file = ledger_file(home)
    file.write_bytes(file.read_bytes().replace(b'"r1"', b'"r2"', 1))


def break_batch(home: Home) -> None:
    path = next(home.landing.glob("shop/*/rows.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def exchange_batch(home: Home) -> None:
    """A batch that fits itself, and is not the one that landed."""
    path = next(home.landing.glob("shop/*/manifest.json"))
    path.write_text(path.read_text().replace('"file_bytes": 60', '"file_bytes": 61'))


def swap_databases(home: Home) -> None:
    night(home, "r2", "2026-01-31")
    for one, other in (("r1", "r2"),):
        target = home.published / one / "goodwill.duckdb"
        target.unlink()
        shutil.copy(home.published / other / "goodwill.duckdb", target)


def damage_database(home: Home) -> None:
    path = home.published / "r1" / "goodwill.duckdb"
    path.unlink()
    path.write_bytes(b"not a database")


def published(home: Home, name: str) -> Path:
    return home.published / "r1" / name


def edit_database(home: Home) -> None:
    """As somebody would who wants another figure: the size stays, and so do the rights."""
    path = published(home, "goodwill.duckdb")
    size = path.stat().st_size
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("update marts.dim_customers set made_by = 'me' where made_by = 'r1'")
    path.write_bytes(path.read_bytes()[:size])
    path.chmod(0o444)


def grow_report(home: Home) -> None:
    path = published(home, "report/index.html")
    path.chmod(0o644)
    path.write_text(f"{path.read_text()} all is well")
    path.chmod(0o444)


def forge_manifest(home: Home) -> None:
    path = published(home, "manifest.json")
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"r1"', '"r0"', 1))
    path.chmod(0o444)


def show_people(home: Home) -> None:
    path = published(home, "personal/goodwill.duckdb")
    path.parent.mkdir()
    path.touch()
    path.chmod(0o444)


def open_ledger(home: Home) -> None:
    (home.audit / "segment_ledger").mkdir(mode=0o755, exist_ok=True)
    (home.audit / "segment_ledger").chmod(0o755)


def open_quarantine(home: Home) -> None:
    path = home.run("r1") / "quarantine.csv"
    path.touch(mode=0o600)
    assert "rights" not in wrong(home)
    path.chmod(0o640)


def lead_nowhere(home: Home) -> None:
    home.current.unlink()
    os.symlink("r9", home.current)


def lose_current(home: Home) -> None:
    night(home, "r2", "2026-01-31")
    home.current.unlink()


def stand_still(home: Home) -> None:
    lock = audit.Lock.of(home)
    lock.acquire("r2", os.getpid())
    lock.path.write_text(json.dumps({**(lock.holder() or {}), "alive_at": "2020-01-01 00:00:00"}))


def fail(home: Home) -> None:
    ticket = stages.open_night(str(home.root), "2026-02-01", "r2")
    with pytest.raises(Exception, match="failed"):
        stages.close_night(ticket)


def tear_list(home: Home, name: str) -> None:
    """As a disk would that lost the end of it."""
    path = home.privacy / name
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.write_text('{"orders": "2020-')


BREAKS = {
    "break_ledger": (break_ledger, "ledger", PROBLEM, "row 2 was changed"),
    "exchange_batch": (exchange_batch, "landing", PROBLEM, "is not what landed"),
    "break_batch": (break_batch, "landing", PROBLEM, "is not what landed"),
    "swap_databases": (swap_databases, "publications", PROBLEM, "published/r1 is not what was published: goodwill.duckdb was changed"),
    "damage_database": (damage_database, "publications", PROBLEM, "published/r1 is not what was published: goodwill.duckdb was changed"),
    "edit_database": (edit_database, "publications", PROBLEM, "published/r1 is not what was published: goodwill.duckdb was changed"),
    "grow_report": (grow_report, "publications", PROBLEM, "published/r1 is not what was published: report/index.html was changed"),
    "forge_manifest": (forge_manifest, "publications", PROBLEM, "published/r1 is not what was published: its manifest was changed"),
    "writable": (
        lambda home: published(home, "goodwill.duckdb").chmod(0o644),
        "rights",
        PROBLEM,
        "published/r1/goodwill.duckdb: may be written to (0644)",
    ),
    "open_landing": (lambda home: home.landing.chmod(0o755), "rights", PROBLEM, "landing: others may enter it (0755)"),
    "open_ledger": (open_ledger, "rights", PROBLEM, "audit/segment_ledger: others may enter it (0755)"),
    "open_quarantine": (open_quarantine, "rights", PROBLEM, "runs/r1/quarantine.csv: others may read it (0640)"),
    "open_people": (show_people, "rights", PROBLEM, "published/r1/personal/goodwill.duckdb: everybody may read people in clear (0444)"),
    "torn_days": (lambda home: tear_list(home, "expired.json"), "forgotten", PROBLEM, "the days of retention"),
    "torn_people": (lambda home: tear_list(home, "forgotten.jsonl"), "forgotten", PROBLEM, "the list of forgotten people"),
    "lead_nowhere": (lead_nowhere, "nights", PROBLEM, "leads to r9, which is not there"),
    "lose_current": (lose_current, "nights", PROBLEM, "published/current is gone: readers see nothing, and row 7 of the ledger says r2"),
    "settings": (lambda home: home.business_file.write_text("company: {curency: EUR}"), "settings", PROBLEM, "curency"),
    "newer": (lambda home: home.form_file.write_text("99"), "home", PROBLEM, "this version knows forms up to"),
    "dead": (lambda home: audit.Lock.of(home).acquire("r2", 2**22 - 3), "lock", WARNING, "is dead"),
    "stopped": (stand_still, "lock", WARNING, "last heard"),
    "failed": (fail, "nights", WARNING, "the last night, r2, was failed at 'open'"),
    "leftover": (lambda home: (home.published / ".building-x").mkdir(), "leftovers", WARNING, "1 old things may go"),
    "behind": (
        lambda home: home.business_file.write_text("company: {currency: EUR}"),
        "nights",
        WARNING,
        "days behind",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_what_is_wrong_is_found_with_its_remedy(home, case):
    how, about, level, said = BREAKS[case]
    how(home)
    found = wrong(home)
    assert found[about].level == level
    assert said in found[about].said
    assert found[about].remedy


def test_a_ledger_begun_anew_is_fine_before_and_after_the_next_night(home):
    night(home, "r2", "2026-01-31")
    ledger_file(home).unlink()
    assert "the ledger is gone" in wrong(home)["ledger"].said
    restart(home, "Ada", "the disk was lost")
    for run_id in ("r3", "r4"):
        assert prove(home).problems == []
        assert wrong(home) == {}
        night(home, run_id, "2026-01-31")
    assert len(read_entries(home)) > 3, "rows by now that older publications know otherwise"
    file = ledger_file(home)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    assert "cut off" in wrong(home)["ledger"].said


def test_a_run_that_no_row_ends_is_found_though_every_row_is_right(home):
    file = ledger_file(home)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    (home.run("r1") / "ledger_head").unlink()
    assert "no row of the ledger ends this run" in wrong(home)["ledger"].said


def test_a_link_that_is_gone_is_made_again_as_the_remedy_says(home):
    lose_current(home)
    assert prove(home).problems
    link, _, night_again = wrong(home)["nights"].remedy.partition("; or ")
    assert night_again == f"goodwill run --home {home.root}"
    command, option, run_id, place = link.split(" ")
    assert (command, option) == ("ln", "-s")
    os.symlink(run_id, place)
    assert (prove(home).problems, wrong(home)) == ([], {})


def test_the_remedy_of_the_last_failed_night_is_repeated(home):
    fail(home)
    assert wrong(home)["nights"].remedy.startswith("run the night again; nothing has to be cleaned up; see its report: ")


@pytest.mark.parametrize("free", [1000, 200_000_000])
def test_a_full_disk_is_found(home, monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": free})())
    found = wrong(home)["disk"]
    assert found.level == PROBLEM
    assert re.fullmatch(rf"{free // 1_000_000} MB free; a night may need \d+ MB, and 268 MB should be free at least", found.said)


def test_the_exit_code_says_how_bad(home):
    runner = CliRunner()

    def code() -> int:
        return int(runner.invoke(app, ["doctor", "--home", str(home.root)]).exit_code)

    fine = code()
    assert fine == (0 if all(each.level == FINE for each in examine(home)) else 2)
    (home.published / ".building-x").mkdir()
    assert code() == 2
    break_ledger(home)
    assert code() == 1
    assert "remedy:" in runner.invoke(app, ["doctor", "--home", str(home.root)]).output


def test_an_older_home_is_brought_up_on_record_and_a_newer_one_refused(home):
    assert form_of(home) == FORM
    assert [row.kind for row in read_entries(home)].count("migration") == 0, "a new home has nothing to bring up"
    home.form_file.unlink()
    open_ledger(home)
    assert form_of(home) == 0
    assert bring_up(home)
    assert (home.audit / "segment_ledger").stat().st_mode & 0o777 == 0o700
    assert not bring_up(home)
    assert read_entries(home)[-1].kind == "migration"
    home.form_file.write_text(str(FORM + 1))
    with pytest.raises(ConfigurationError, match="this version of Goodwill knows forms up to"):
        stages.open_night(str(home.root), "2026-02-01", "r2")
    assert audit.Lock.of(home).holder() is None
    home.form_file.write_text("one")
    with pytest.raises(ConfigurationError, match="is not a form of a home"):
        form_of(home)


def test_what_an_older_version_published_is_left_as_it_was(home: Home) -> None:
    content = {path: path.read_bytes() for path in Path(home.published / "r1").rglob("*") if path.is_file()}
    home.form_file.unlink()
    bring_up(home)
    assert {path: path.read_bytes() for path in Path(home.published / "r1").rglob("*") if path.is_file()} == content
