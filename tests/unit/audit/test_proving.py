"""`goodwill audit verify`: whatever is changed in a home, in the ledger or in what it has sealed, is named."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from goodwill import audit, clv, extract, stages
from goodwill.audit.heads import Head
from goodwill.audit.key import VARIABLE
from goodwill.audit.ledger import append, ledger_file, read_entries
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.audit.seals import gone, seal
from goodwill.cli.app import app
from goodwill.clv.ledger import append_lines
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.publish import prune
from goodwill.publish.rollback import roll_back
from goodwill.sources import load_sources
from typer.testing import CliRunner

from tests.small_night import lay_out, night

FIRST = "order_id,ordered_at,customer_id,amount\n1,2025-03-01,c1,1.50\n2,2025-03-02,c2,2.50\n"


@pytest.fixture
def home(make_home) -> Home:
    """A home with a landed batch, two publications and their ledger."""
    home: Home = make_home(**{"orders.csv": FIRST})
    (source,) = load_sources(home.sources_file).sources
    extract.land_source(home, source, "UTC")
    audit.enter_batches(home, "shop", "r1", "")
    night(home, "r1", "2026-01-30")
    night(home, "r2", "2026-01-31")
    assert prove(home).problems == []
    return home


def flip(path: Path, place: int = -2) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x01
    path.chmod(0o644)
    path.write_bytes(bytes(content))


def one(pattern: str, home: Home) -> Path:
    return next(iter(sorted(home.root.glob(pattern))))


@pytest.mark.parametrize(
    "pattern",
    [
        "landing/shop/*/rows.parquet",
        "landing/shop/*/manifest.json",
        "published/r1/manifest.json",
        "published/r1/goodwill.duckdb",
        "published/r2/marts/dim_customers.parquet",
        "published/r2/report/index.html",
        "published/r2/data_docs/index.html",
        "runs/r1/report/index.html",
        "runs/r1/data_docs/index.html",
        "runs/r1/run.json",
        "runs/r2/stages.jsonl",
        "runs/r2/configuration/goodwill.yml",
        "runs/r2/segment_ledger/values.parquet",
    ],
)
def test_a_flipped_byte_and_a_removed_file_are_named(home, pattern):
    path = one(pattern, home)
    name = path.relative_to(home.root).as_posix()
    good = path.read_bytes()
    flip(path)
    (problem,) = prove(home).problems
    assert problem.startswith(f"{name} was changed")
    path.write_bytes(good)
    assert prove(home).problems == []
    path.unlink()
    (problem,) = prove(home).problems
    assert problem.startswith(f"{name} is gone")


def test_a_warehouse_that_was_edited_is_not_gone_on_from(home):
    assert audit.changed_warehouse(home) is None
    with duckdb.connect(str(home.accepted)) as connection:
        connection.execute("update marts.dim_customers set made_by = 'somebody'")
    row = read_entries(home)[-1].seq
    assert audit.changed_warehouse(home) == f"the accepted warehouse was changed since row {row} of the audit ledger"
    (problem,) = prove(home).problems
    assert problem.startswith("warehouse/accepted/warehouse.duckdb was changed")
    night(home, "r3", "2026-02-01")
    assert audit.changed_warehouse(home) is None, "the night after has left another"
    assert prove(home).problems == []


def test_a_warehouse_that_is_gone_is_no_loss(home):
    """A backup has none, and the night after builds another from what landed."""
    home.accepted.unlink()
    assert prove(home).problems == []
    assert audit.changed_warehouse(home) is None


def grow(home: Home, run_id: str) -> Path:
    """Append to the ledger of the models, as a night does."""
    append_lines(home, [{"kind": "accepted", "run_id": run_id, "as_of": "2026-01-01"}])
    return clv.ledger_file(home)


def test_what_only_grows_may_be_appended_to_by_a_night_and_by_nobody_else(home):
    path = grow(home, "r3")
    assert prove(home).problems == [], "no row has spoken of it yet"
    night(home, "r3", "2026-02-01")
    ticket = lay_out(home, "r4", "2026-02-02")
    grow(home, "r4")
    assert prove(home).problems == []
    assert "was appended to since row" in prove(home).notes[-1], "the night that has begun may"
    stages.publish_night(ticket)
    stages.close_night(ticket)
    assert (prove(home).problems, prove(home).notes) == ([], [])
    sealed = path.read_text()
    grow(home, "r5")
    audit.check_models_ledger(home)
    (problem,) = prove(home).problems
    assert problem.startswith("audit/clv_ledger.jsonl was appended to since row")
    # a line of its own, copied to another place, is nobody's
    path.write_text(sealed + sealed.splitlines(keepends=True)[-1])
    with pytest.raises(GoodwillError, match=r"audit/clv_ledger\.jsonl was changed since row"):
        audit.check_models_ledger(home)
    path.write_text(sealed)
    path.write_text(path.read_text().replace("r3", "r9"))
    (problem,) = prove(home).problems
    assert problem.startswith("audit/clv_ledger.jsonl was changed since row")
    night(home, "r5", "2026-02-03")
    assert prove(home).problems == [problem], "no later night seals what was changed"
    with pytest.raises(GoodwillError, match=r"audit/clv_ledger.jsonl was changed since row(.|\n)*goodwill audit restart"):
        audit.check_models_ledger(home)
    path.unlink()
    with pytest.raises(GoodwillError, match=r"audit/clv_ledger.jsonl is gone"):
        audit.check_models_ledger(home)
    grow(home, '{"run_id": "r9"}\n')
    restart(home, "Ada", "it stays as it is")
    ticket = lay_out(home, "r6", "2026-02-04")
    grow(home, '{"run_id": "r6"}\n')
    stages.publish_night(ticket)
    stages.close_night(ticket)
    audit.check_models_ledger(home)
    assert prove(home).problems == [], "what is appended after a restart is told from a change too"


def test_a_night_that_is_ended_twice_and_one_that_speaks_after_its_end_are_not_taken_for_changed(home):
    ticket = {"home": str(home.root), "run_id": "r2", "token": "2"}
    record = audit.RunRecord.of(home, "r2").read()
    assert stages.close_night(ticket) == {"verdict": "published"}
    with pytest.raises(GoodwillError, match="no longer holds the warehouse"):
        stages.build(ticket, "staging")
    assert audit.RunRecord.of(home, "r2").read() == record
    assert prove(home).problems == []
    assert read_entries(home)[-1].facts["event"] == "late"


def test_a_run_that_no_row_speaks_of_is_named(home):
    shutil.copytree(home.run("r1"), home.run("r7"))
    assert prove(home).problems == ["runs/r7 is not on record, and has what only a night on record makes: it was put there by hand"]
    shutil.rmtree(home.run("r7"))
    audit.RunRecord.of(home, "r8").update(run_id="r8", started_at="2099-01-01", verdict="running")
    assert prove(home).problems == []
    assert prove(home).notes == ["runs/r8 is not on record: it came to nothing before it could be, or was put there by hand"]


@pytest.mark.parametrize(
    "place",
    ["audit/evil.txt", "audit/reports/2026-01/index.html", "audit/segment_ledger/000009_2026-02-01_r9/values.parquet", "runs/r2/evil.txt"],
)
def test_a_file_put_among_the_evidence_is_named(home, place):
    path = home.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("all is well")
    audit.append(home, "run", {"event": "late", "run_id": "r2", "seals": {}})  # what it says after its end makes it no open run
    assert prove(home).problems == [f"{place} was put there: no row speaks of it"]


def test_a_run_that_says_it_ended_where_no_row_does_is_named_and_the_next_night_says_so(home):
    """Its last rows cut off, and the head of its record removed: nobody else knew them."""
    rows = ledger_file(home).read_bytes().splitlines(keepends=True)
    ended = next(
        entry.seq
        for entry in read_entries(home)
        if entry.kind == "run" and entry.facts == {**entry.facts, "event": "ended", "run_id": "r2"}
    )
    ledger_file(home).write_bytes(b"".join(rows[: ended - 1]))
    (home.run("r2") / "ledger_head").unlink()
    record = audit.RunRecord.of(home, "r2")
    record.file.chmod(0o644)
    record.update(message="nothing to see")
    said = "runs/r2/run.json says 'published', and no row of the ledger ends this run"
    assert [problem.partition(":")[0] for problem in prove(home).problems] == [said]
    night(home, "r3", "2026-02-01")
    proof = prove(home)
    assert proof.problems == []
    assert [note.partition(", in row")[0] for note in proof.notes] == ["that r2 had ended was entered by a later night"]


def test_a_run_that_is_ending_is_no_run_without_an_end(home):
    ticket = lay_out(home, "r3", "2026-02-01")
    stages.publish_night(ticket)
    audit.RunRecord.of(home, "r3").update(verdict="published")
    proof = prove(home)
    assert proof.problems == []
    assert [note.partition(":")[0] for note in proof.notes] == ["runs/r3/run.json says 'published', and no row of the ledger ends this run"]
    stages.close_night(ticket)
    assert (prove(home).problems, prove(home).notes) == ([], [])


@pytest.mark.parametrize("place", ["published/r2/extra.html", "landing/shop/BATCH/withdrawn.json", "runs/r2/data_docs/extra.html"])
def test_an_added_file_is_named(home, place):
    batch = one("landing/shop/*/manifest.json", home).parent.name
    path = home.root / place.replace("BATCH", batch)
    path.write_text("{}")
    assert prove(home).problems == [
        f"{path.relative_to(home.root).as_posix()} was added: its manifest does not list it, and no row speaks of it"
    ]


@pytest.mark.parametrize(
    ("pattern", "copy"), [("landing/shop/*/manifest.json", "landing/shop/copy"), ("published/r1/manifest.json", "published/r9")]
)
def test_a_batch_or_publication_nobody_made_is_named(home, pattern, copy):
    shutil.copytree(one(pattern, home).parent, home.root / copy)
    path = home.root / copy / "manifest.json"
    said = json.loads(path.read_text())
    path.chmod(0o644)
    path.write_text(json.dumps({**said, "extracted_at": "2099-01-01", "published_at": "2099-01-01"}))
    (problem,) = prove(home).problems
    assert problem.startswith(f"{copy} is not on record")
    path.write_text(json.dumps({**said, "extracted_at": "2001-01-01", "published_at": "2001-01-01"}))
    proof = prove(home)
    assert proof.problems == []
    assert proof.notes == [f"{copy} is older than the ledger: nothing proves it"]


def test_a_cut_off_ledger_is_named_by_what_publications_and_runs_keep(home):
    rows = ledger_file(home).read_bytes().splitlines(keepends=True)
    ledger_file(home).write_bytes(b"".join(rows[:-1]))
    assert prove(home).problems == [
        f"audit/ledger.jsonl: rows {len(rows)} to {len(rows)} were cut off: the record of run r2 knows row {len(rows)}"
    ]
    ledger_file(home).write_bytes(b"".join(rows))
    (home.run("r2") / "ledger_head").unlink()
    assert prove(home).problems == [
        "runs/r2/ledger_head is not there, or not a head: somebody removed it, "
        f"or the disk was full when row {len(rows)} was to be kept (the next night keeps it again)"
    ]
    night(home, "r3", "2026-02-01")
    assert (prove(home).problems, prove(home).notes) == ([], [])
    ledger_file(home).write_bytes(b"".join(rows[:3]))
    assert "were cut off: the record of run r3 knows row" in prove(home).problems[0]


@pytest.mark.parametrize("left", [None, 0, 3], ids=["removed", "emptied", "cut off"])
def test_no_night_goes_on_where_the_ledger_was_removed_or_cut_off_until_a_new_one_says_so(home, left):
    rows = ledger_file(home).read_bytes().splitlines(keepends=True)
    ledger_file(home).unlink()
    if left is not None:
        ledger_file(home).write_bytes(b"".join(rows[:left]))
    with pytest.raises(
        GoodwillError, match=rf"audit ledger (is|are) gone: the record of run r2 knows its row {len(rows)}(.|\n)*goodwill audit restart"
    ):
        stages.open_night(str(home.root), "2026-02-01", "r3")
    assert audit.RunRecord.of(home, "r3").read()["verdict"] == "failed"
    assert len(read_entries(home)) == (left or 0), "nothing was written"
    assert ledger_file(home).exists() is (left is not None)
    restart(home, "Ada", "the disk was lost")
    (row,) = read_entries(home)
    assert len(row.facts["lost"]) == (4 if left != 3 else 3), "two manifests and two records, of which rows up to the third may be there"
    night(home, "r4", "2026-02-02")
    proof = prove(home)
    assert [problem for problem in proof.problems if "ledger" in problem] == []


@pytest.mark.parametrize("removed", [True, False])
def test_nothing_else_begins_another_ledger(home, removed):
    ledger_file(home).unlink()
    if not removed:
        ledger_file(home).touch()
    with pytest.raises(GoodwillError, match="the audit ledger is gone"):
        append(home, "housekeeping", {})
    assert ledger_file(home).exists() is not removed


def test_a_link_moved_by_hand_is_named_and_a_rollback_is_not(home):
    roll_back(home, None, "Ada", "wrong margins")
    assert prove(home).problems == []
    home.current.unlink()
    os.symlink("r2", home.current)
    (problem,) = prove(home).problems
    assert problem.startswith("published/current shows r2, and row ")
    assert problem.endswith(" says r1")


def test_what_was_removed_on_purpose_stays_removed(home):
    path = home.run("r1") / "report" / "index.html"
    kept = path.read_bytes()
    path.unlink()
    append(home, "erasure", {"seals": gone(home, path)})
    assert prove(home).problems == []
    path.write_bytes(kept)
    (problem,) = prove(home).problems
    assert problem == f"runs/r1/report/index.html is there, and row {len(read_entries(home))} says that it was removed"


def test_what_was_rewritten_on_purpose_is_sealed_anew(home):
    path = home.run("r1") / "report" / "index.html"
    path.write_text("without the name")
    assert len(prove(home).problems) == 1
    append(home, "erasure", {"seals": seal(home, path)})
    assert prove(home).problems == []


def test_files_that_change_every_night_are_not_held_to_what_once_was(home):
    for name in ("logs/dbt/dbt.log", "warehouse/working/warehouse.duckdb", "airflow/airflow.db"):
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as an erasure left it")
        append(home, "erasure", {"seals": seal(home, path)})
        path.write_text("as the night after made it")
    assert prove(home).problems == []


def test_what_an_erasure_sealed_within_a_publication_goes_with_it(home):
    append(home, "erasure", {"seals": seal(home, home.published / "r1" / "goodwill.duckdb")})
    prune(home, keep=1)
    assert not (home.published / "r1").exists()
    assert prove(home).problems == []


def test_a_batch_that_was_changed_is_not_entered_again_and_one_landed_anew_is(home):
    (source,) = load_sources(home.sources_file).sources
    path = one("landing/shop/*/manifest.json", home)
    path.write_text(path.read_text().replace('"rows": 2', '"rows": 3'))
    assert audit.enter_batches(home, "shop", "r3", "") == []
    assert len(prove(home).problems) == 1
    shutil.rmtree(path.parent)
    extract.land_source(home, source, "UTC")
    (entry,) = audit.enter_batches(home, "shop", "r3", "2099-01-01")
    assert entry.facts["late"] is True, "it landed before the run that enters it began"
    assert prove(home).problems == []
    assert prove(home).notes[0].startswith("1 batches were entered after the run that landed them")


def test_a_batch_that_landed_anew_after_an_erasure_sealed_it_is_entered(home):
    manifest = one("landing/shop/*/manifest.json", home)
    append(home, "erasure", {"seals": seal(home, manifest)})
    assert audit.enter_batches(home, "shop", "r3", "") == []
    shutil.rmtree(manifest.parent)
    (source,) = load_sources(home.sources_file).sources
    extract.land_source(home, source, "UTC")
    assert len(audit.enter_batches(home, "shop", "r3", "")) == 1
    assert prove(home).problems == []


def test_a_new_ledger_after_a_lost_key(home, monkeypatch):
    monkeypatch.setenv(VARIABLE, "another key than the one of before")
    assert "is signed with another key" in prove(home).problems[0]
    with pytest.raises(GoodwillError, match="signed with another key"):
        append(home, "run", {})
    flip(home.run("r1") / "report" / "index.html")
    aside = restart(home, "Ada", "the disk with the key is lost")
    assert prove(home).problems == [], "the heads of before are found in the ledger that was set aside"
    (row,) = read_entries(home)
    assert (row.facts["by"], row.facts["changed"]) == ("Ada", ["runs/r1/report/index.html"])
    flip(aside)
    assert any(f"audit/{aside.name} was changed" in problem for problem in prove(home).problems)
    with pytest.raises(GoodwillError, match="needs a name and a reason"):
        restart(home, " ", "x")


def test_the_places_that_a_night_decided_are_sealed(home):
    """The nights after it go on from them: with a value of another month, the change of equity would be another."""
    folder = home.audit / "segment_ledger" / "000003_2026-02-01_r3"
    folder.mkdir(parents=True)
    for name in ("values.parquet", "night.json"):
        (folder / name).write_text("as it was decided")
    audit.enter_end(home, "r3")
    assert prove(home).problems == []
    flip(folder / "values.parquet")
    assert any("000003_2026-02-01_r3/values.parquet was changed" in problem for problem in prove(home).problems)


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_ledger_that_is_gone_is_no_ledger_that_never_was(home, how):
    ledger_file(home).unlink() if how == "removed" else ledger_file(home).write_text("")
    said = CliRunner().invoke(app, ["audit", "verify", "--home", str(home.root)])
    assert said.exit_code == 3
    assert "the ledger is gone" in said.output


def test_the_command_says_what_was_changed_and_exits_3(home):
    runner = CliRunner()
    good = runner.invoke(app, ["audit", "verify", "--home", str(home.root)])
    assert good.exit_code == 0, good.output
    assert "all is as it was signed" in good.output
    head = runner.invoke(app, ["audit", "head", "--home", str(home.root)]).output.strip()
    assert head in good.output
    rows = ledger_file(home).read_bytes().splitlines(keepends=True)
    append(home, "run", {"event": "more"})
    kept = runner.invoke(app, ["audit", "head", "--home", str(home.root)]).output.strip()
    assert Head.parse(kept).seq == Head.parse(head).seq + 1
    ledger_file(home).write_bytes(b"".join(rows))
    cut = runner.invoke(app, ["audit", "verify", "--home", str(home.root), "--head", kept])
    assert cut.exit_code == 3
    assert "were cut off: the head that was given knows row" in cut.output
