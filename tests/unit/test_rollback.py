"""Rollback: one step, on record, until the next accepted night."""

from __future__ import annotations

import pytest
from goodwill import audit, stages
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.cli.app import app
from goodwill.cli.doctoring import PROBLEM, examine
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.publish import prune, publications
from goodwill.publish.rollback import roll_back
from typer.testing import CliRunner

from tests.small_night import lay_out, night, seen


@pytest.fixture
def home(make_home) -> Home:
    home: Home = make_home()
    for number in (28, 29, 30):
        night(home, f"r{number}", f"2026-01-{number}")
    return home


def test_back_and_back_again_and_forward_on_record(home):
    assert roll_back(home, None, "Ada", "wrong margins")[0] == "r30"
    assert seen(home) == "r29"
    roll_back(home, None, "Ada", "wrong there too")
    assert seen(home) == "r28"
    with pytest.raises(GoodwillError, match="no earlier publication than r28 is kept"):
        roll_back(home, None, "Ada", "further")
    roll_back(home, "r30", "Ada", "it was right")
    assert seen(home) == "r30"
    said = [(row.facts["from"], row.facts["to"], row.facts["by"]) for row in read_entries(home) if row.kind == "rollback"]
    assert said == [("r30", "r29", "Ada"), ("r29", "r28", "Ada"), ("r28", "r30", "Ada")]


@pytest.mark.parametrize(
    ("to", "by", "reason", "said"),
    [
        ("r9", "Ada", "x", "no publication 'r9'"),
        ("r30", "Ada", "x", "r30 is what readers see already"),
        ("r29", " ", "x", "needs a name and a reason"),
        ("r29", "Ada", "", "needs a name and a reason"),
        ("../r29", "Ada", "x", "there is no publication"),
    ],
)
def test_what_is_refused_changes_nothing(home, to, by, reason, said):
    rows = len(read_entries(home))
    with pytest.raises(GoodwillError, match=said):
        roll_back(home, to, by, reason)
    assert seen(home) == "r30"
    assert len(read_entries(home)) == rows


def test_a_publication_whose_manifest_was_changed_is_not_shown(home):
    manifest = home.published / "r29" / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(GoodwillError, match="r29 was changed since"):
        roll_back(home, None, "Ada", "x")
    assert seen(home) == "r30"


def test_without_a_publication_there_is_nothing_to_roll_back(make_home):
    with pytest.raises(GoodwillError, match="nothing is published yet"):
        roll_back(make_home(), None, "Ada", "x")


def test_where_the_link_is_gone_a_publication_is_shown_by_its_name(home):
    home.current.unlink()
    with pytest.raises(
        GoodwillError, match=r"readers see none of the publications that are kept: r28, r29, r30\n  remedy: name one with --to"
    ):
        roll_back(home, None, "Ada", "x")
    done = CliRunner().invoke(app, ["rollback", "--to", "r30", "--by", "Ada", "--reason", "the link was gone", "--home", str(home.root)])
    assert (done.exit_code, "instead of nothing" in done.output) == (0, True), done.output
    assert seen(home) == "r30"
    assert prove(home).problems == []


@pytest.mark.parametrize("damaged", ["", "{", '{"as_of": "soon"}'])
def test_a_publication_whose_manifest_is_damaged_stops_no_other(home, damaged):
    for run_id in ("r29", "r30"):
        manifest = home.published / run_id / "manifest.json"
        manifest.chmod(0o644)
        manifest.write_text(damaged)
    assert [each.run_id for each in publications(home)] == ["r28"]
    assert CliRunner().invoke(app, ["status", "--home", str(home.root)]).exit_code == 0
    found = [each for each in examine(home) if each.level == PROBLEM]
    assert {f"published/{run_id} is not what was published: its manifest cannot be read" for run_id in ("r29", "r30")} <= {
        each.said for each in found
    }
    ticket = lay_out(home, "r31", "2026-01-31")
    with pytest.raises(GoodwillError, match=r"published/r30/manifest\.json cannot be read, and says which day readers see"):
        stages.publish_night(ticket)
    with pytest.raises(GoodwillError, match="the night was failed"):
        stages.close_night(ticket)
    assert roll_back(home, None, "Ada", "damaged")[1].run_id == "r28"
    night(home, "r32", "2026-01-31")
    assert seen(home) == "r32"


def test_it_stays_until_the_next_accepted_night(home):
    roll_back(home, "r28", "Ada", "wrong margins")
    failed = lay_out(home, "failed", "2026-01-31")
    with pytest.raises(GoodwillError, match="the night was failed"):
        stages.close_night(failed)
    assert seen(home) == "r28", "a night that is not accepted changes nothing"
    night(home, "backfill", "2026-01-27")
    assert seen(home) == "r28", "nor does one about an earlier day"
    night(home, "r31", "2026-01-31")
    assert seen(home) == "r31"
    roll_back(home, None, "Ada", "again")
    assert seen(home) == "r30", "what readers never saw is not gone back to by itself"


def test_what_readers_see_is_kept_however_old(home):
    roll_back(home, "r28", "Ada", "wrong margins")
    prune(home, keep=1)
    assert seen(home) == "r28"
    assert sorted(path.name for path in home.published.iterdir()) == ["current", "r28", "r30"]


def test_no_night_publishes_in_the_midst_of_it(home, monkeypatch):
    monkeypatch.setattr("goodwill.files.PATIENCE", 0.1)
    ticket = lay_out(home, "r31", "2026-01-31")
    with audit.Lock.of(home).exclusively(), pytest.raises(GoodwillError, match="in the midst of a change"):
        stages.publish_night(ticket)
    assert seen(home) == "r30"


def test_the_command_and_the_status(home):
    runner = CliRunner()
    done = runner.invoke(app, ["rollback", "--home", str(home.root), "--by", "Ada", "--reason", "wrong margins"])
    assert done.exit_code == 0, done.output
    assert "readers see r29 (as of 2026-01-29) instead of r30" in done.output
    shown = runner.invoke(app, ["status", "--home", str(home.root)], env={"COLUMNS": "200"}).output
    assert [line.split("published")[1].strip() for line in shown.splitlines() if " published" in line] == ["(kept)", "◀ current", "(kept)"]
