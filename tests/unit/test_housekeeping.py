"""Housekeeping: what is old goes, on record; what a kept publication needs, and what readers see, never."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from goodwill import audit, clock, extract, stages
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.cli.app import app
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.publish import find_old, tidy
from goodwill.settings.business import Retention
from goodwill.sources import load_sources
from typer.testing import CliRunner

from tests.small_night import lay_out, night, seen

ROWS = "order_id,ordered_at,customer_id,amount\n1,2025-03-01,c1,1.50\n"


def land(home: Home, rows: str) -> str:
    """Land the file as it is now and enter it; its batch."""
    (home.root / "input" / "orders.csv").write_text(rows)
    (source,) = load_sources(home.sources_file).sources
    extract.land_source(home, source, "UTC")
    (entry,) = audit.enter_batches(home, "shop", None, "")
    return str(entry.facts["batch_id"])


def publish(home: Home, run_id: str, day: str, *batches: str) -> None:
    """A publication made from these batches."""
    ticket = lay_out(home, run_id, day)
    audit.RunRecord.of(home, run_id).update(batches=list(batches))
    stages.publish_night(ticket)
    stages.close_night(ticket)


@pytest.fixture
def home(make_home, monkeypatch) -> Home:
    """Three batches of one file, and a publication of the first and of the last; then a year goes by."""
    home: Home = make_home(**{"orders.csv": ROWS})
    first = land(home, ROWS)
    publish(home, "r1", "2026-01-30", first)
    land(home, ROWS + "2,2025-03-02,c2,2\n")
    publish(home, "r2", "2026-01-31", land(home, ROWS + "3,2025-03-03,c3,3\n"))
    later = clock.now() + dt.timedelta(days=500)
    monkeypatch.setattr("goodwill.publish.housekeeping.now", lambda: later)
    return home


def kinds(home: Home, **retention) -> list[str]:
    return [each.kind for each in find_old(home, load_sources(home.sources_file), Retention(**retention))]


def batches(home: Home) -> int:
    return len(list((home.landing / "shop").iterdir()))


def test_nothing_goes_that_is_kept_or_read(home):
    assert kinds(home) == []
    assert kinds(home, superseded_batches_days=499) == ["superseded batch"], "the first is needed by a kept publication, the last is read"
    assert kinds(home, superseded_batches_days=501) == []
    assert kinds(home, publications_kept=1) == ["publication"]


def test_what_goes_is_on_record_and_everything_else_still_holds(home):
    sources = load_sources(home.sources_file)
    assert [each.kind for each in tidy(home, sources, Retention(superseded_batches_days=30))] == ["superseded batch"]
    assert batches(home) == 2
    assert [each.kind for each in tidy(home, sources, Retention(publications_kept=1, superseded_batches_days=30))] == ["publication"]
    removed = tidy(home, sources, Retention(publications_kept=1, superseded_batches_days=30, run_documents_days=30))
    assert sorted({each.kind for each in removed}) == ["document of a run", "superseded batch"], "once its publication is gone"
    assert batches(home) == 1
    assert (home.run("r1") / "run.json").exists()
    assert not (home.run("r1") / "report").exists()
    assert (home.run("r2") / "report").exists()
    assert seen(home) == "r2"
    assert not list(home.warehouse.glob("trash-*"))
    assert [row.kind for row in read_entries(home)][-3:] == ["housekeeping"] * 3
    assert prove(home).problems == []
    assert tidy(home, sources, Retention()) == []


def test_leftovers_of_what_was_killed_go(home):
    for place in ("published/.building-r9", "published/.removed-r0", "landing/shop/.landing-x", "warehouse/working", "warehouse/trash-1"):
        (home.root / place).mkdir(parents=True)
        (home.root / place / "file").write_text("half")
    assert [each.kind for each in tidy(home, load_sources(home.sources_file), Retention())] == ["leftover"] * 5
    assert not list(home.published.glob(".*"))
    assert prove(home).problems == []


def test_not_while_a_night_runs(home):
    audit.Lock.of(home).acquire("running", os.getpid())
    (home.published / ".building-running").mkdir()
    with pytest.raises(GoodwillError, match="run running holds the warehouse"):
        tidy(home, load_sources(home.sources_file), Retention())
    assert (home.published / ".building-running").exists()


def test_the_command(home):
    (home.published / ".building-r9").mkdir()
    runner = CliRunner()
    shown = runner.invoke(app, ["housekeeping", "--dry-run", "--home", str(home.root)])
    assert "1 would go" in shown.output
    assert (home.published / ".building-r9").exists()
    done = runner.invoke(app, ["housekeeping", "--home", str(home.root)])
    assert "1 removed" in done.output
    assert not (home.published / ".building-r9").exists()
    night(home, "r3", "2026-02-01")
    assert "nothing is old" in runner.invoke(app, ["housekeeping", "--home", str(home.root)]).output
