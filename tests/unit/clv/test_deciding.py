"""Decisions from night to night: accepted parameters, stale ones, backfills, the ledger, drift, and scores recomputed from a record."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill import clv
from goodwill.clv import choosing, deciding
from goodwill.clv.choosing import Gate
from goodwill.clv.ledger import Ledger
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import CDNOW_WHOLE, cdnow_sample

SETTINGS = BusinessSettings(clv=Clv(models=("mbg_nbd",)))


def night(
    ledger: Ledger, as_of: dt.date, run_id: str, settings: BusinessSettings = SETTINGS, force: bool = False
) -> tuple[duckdb.DuckDBPyConnection, dict[str, Any]]:
    connection = cdnow_sample(as_of)
    figures = clv.fit(connection, settings, run_id, as_of, ledger, force)
    figures |= clv.score(connection, settings, run_id, as_of)
    return connection, figures


def published(*ledgers: Ledger, before: dt.date) -> Ledger:
    """The ledger a night on `before` reads after the nights of others were published."""
    lines = [json.loads(json.dumps(line)) for ledger in ledgers for line in ledger.new]
    newest = max((dt.date.fromisoformat(line["as_of"]) for line in lines), default=None)
    is_backfill = newest is not None and newest > before
    return Ledger(
        [line for line in lines if line["as_of"] < before.isoformat() or (is_backfill and line["as_of"] == before.isoformat())],
        newest=newest,
    )


def scoring(connection: duckdb.DuckDBPyConnection, model: str = "mbg_nbd") -> dict[str, Any]:
    found = connection.execute("select * from model.clv_runs where model = ? and is_scoring_model", [model])
    names = [column[0] for column in found.description or []]
    rows = found.fetchall()
    assert len(rows) <= 1
    return dict(zip(names, rows[0], strict=True)) if rows else {}


TODAY, TOMORROW = dt.date(1998, 3, 30), dt.date(1998, 3, 31)


@pytest.fixture(scope="module")
def first() -> Ledger:
    ledger = Ledger()
    night(ledger, TODAY, "first")
    return ledger


def test_a_night_leaves_what_it_decided(first: Ledger) -> None:
    assert [(line["kind"], line.get("model")) for line in first.new] == [
        ("holdout", None),
        ("choice", "mbg_nbd"),
        ("accepted", "mbg_nbd"),
        ("accepted", "gamma_gamma"),
    ]
    assert {line["run_id"] for line in first.new} == {"first"}
    assert first.new[0]["gate"] == "passed"


def test_the_next_night_begins_where_the_last_one_ended(first: Ledger) -> None:
    connection, figures = night(published(first, before=TOMORROW), TOMORROW, "second")
    run = scoring(connection)
    assert (run["origin"], run["warm_start_run_id"], run["parameters_run_id"], run["stale_days"]) == ("fitted", "first", "second", None)
    assert 0 < run["parameter_shift"] < 0.05
    assert 0 <= run["psi_x"] < 0.01
    assert figures["gate"] == "passed"
    # the holdout is a week's: tonight's tables show the last one, measured on its own day
    assert connection.execute("select distinct run_id, cast(measured_on as varchar) from model.clv_holdouts").fetchall() == [
        ("second", TODAY.isoformat())
    ]


def test_a_holdout_is_due_after_a_week_when_asked_for_or_after_a_failure(first: Ledger) -> None:
    for days, force, failed, due in ((6, False, False, False), (7, False, False, True), (1, True, False, True), (1, False, True, True)):
        day = TODAY + dt.timedelta(days=days)
        ledger = published(first, before=day)
        ledger.lines[0] = ledger.lines[0] | {"gate": "failed" if failed else "passed"}
        night(ledger, day, "later", force=force)
        assert any(line["kind"] == "holdout" for line in ledger.new) is due, (days, force, failed)


def test_the_same_night_again_decides_the_same(first: Ledger) -> None:
    again = published(first, before=TODAY)
    assert again.lines == []
    night(again, TODAY, "again")
    assert [line | {"run_id": ""} for line in again.new] == [line | {"run_id": ""} for line in first.new]


def test_a_failed_holdout_leaves_the_scores_to_the_last_accepted_parameters(first: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "judge", lambda *arguments: Gate("failed", "forecast was 3 times what happened"))
    ledger = published(first, before=TOMORROW)
    connection, figures = night(ledger, TOMORROW, "second")
    run = scoring(connection)
    accepted = next(line for line in first.new if line.get("model") == "mbg_nbd" and line["kind"] == "accepted")
    assert {name: run[name] for name in ["r", "alpha", "a", "b"]} == accepted["parameters"]
    assert (run["origin"], run["stale_days"], run["parameters_run_id"]) == ("restored", 1, "first")
    assert "the holdout failed: forecast was 3 times" in run["message"]
    assert figures["gate"] == "failed"
    reasons = connection.execute("select distinct model_used, fallback_reason from model.clv_scores").fetchall()
    assert len(reasons) == 1
    assert reasons[0][0] == "mbg_nbd"
    assert "1 days old" in reasons[0][1]
    # tonight's fit is on record, does not score, and is nobody's last accepted one
    fitted = connection.execute(
        "select is_scoring_model, gate from model.clv_runs where model = 'mbg_nbd' and origin = 'fitted'"
    ).fetchall()
    assert fitted == [(False, "failed")]
    assert [line["model"] for line in ledger.new if line["kind"] == "accepted"] == ["gamma_gamma"]


def test_parameters_too_old_do_not_stand_in(first: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "judge", lambda *arguments: Gate("failed", "far off"))
    for days, used in ((14, "mbg_nbd"), (15, "constant_rate")):
        day = TODAY + dt.timedelta(days=days)
        connection, _ = night(published(first, before=day), day, "later")
        assert connection.execute("select distinct model_used from model.clv_scores").fetchall() == [(used,)]
    reason = connection.execute("select distinct fallback_reason from model.clv_scores").fetchall()
    assert "far off" in reason[0][0]


def test_a_failed_first_night_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "judge", lambda *arguments: Gate("failed", "far off"))
    ledger = Ledger()
    connection, _ = night(ledger, TODAY, "first")
    assert connection.execute("select count(*) from model.clv_scores where fallback_reason like '%far off%'").fetchall() == [(2357,)]
    assert [line["model"] for line in ledger.new if line["kind"] == "accepted"] == ["gamma_gamma"]


def test_an_earlier_day_is_scored_by_what_was_accepted_then(first: Ledger) -> None:
    later = published(first, before=CDNOW_WHOLE)
    night(later, CDNOW_WHOLE, "later")
    for day, restored in ((TODAY, True), (TOMORROW, True), (TODAY - dt.timedelta(days=1), False)):
        ledger = published(first, later, before=day)
        connection, _ = night(ledger, day, "backfill")
        run = scoring(connection)
        assert (run["origin"], run["parameters_run_id"]) == (("restored", "first") if restored else ("fitted", "backfill"))
        assert ledger.new == []


def test_the_model_is_switched_by_the_ledger_not_by_one_good_week(monkeypatch: pytest.MonkeyPatch) -> None:
    both = BusinessSettings(clv=Clv(models=("mbg_nbd", "pareto_nbd"), holdout_every_days=1))
    monkeypatch.setattr(choosing, "loss", lambda results, model: {"mbg_nbd": 1.0, "pareto_nbd": 0.9}[model])
    ledgers: list[Ledger] = []
    used = []
    for number in range(3):
        day = TODAY + dt.timedelta(days=number)
        ledgers.append(published(*ledgers, before=day))
        connection, _ = night(ledgers[-1], day, f"night {number}", both)
        used += connection.execute("select distinct model_used from model.clv_scores").fetchall()
    assert used == [("mbg_nbd",), ("pareto_nbd",), ("pareto_nbd",)]


def test_scores_can_be_recomputed_from_the_record_of_a_run(first: Ledger) -> None:
    """The published parameters and the facts give the published scores, to the last digit."""
    connection, _ = night(published(first, before=TOMORROW), TOMORROW, "second")
    before = connection.execute("select * from model.clv_scores order by person_id").fetchall()
    kept = connection.execute("select * from model.clv_runs").to_arrow_table()
    other = cdnow_sample(TOMORROW)
    other.execute("create schema model")
    other.register("kept", kept)
    other.execute("create table model.clv_runs as from kept")
    clv.score(other, SETTINGS, "second", TOMORROW)
    assert other.execute("select * from model.clv_scores order by person_id").fetchall() == before


def home_at(folder: Path) -> Home:
    (folder / "goodwill.yml").touch()
    home = Home.at(folder)
    for run in ("one", "two"):
        home.run(run).mkdir(parents=True)
    return home


def test_only_published_nights_enter_the_ledger_once_each(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    for run, day in (("one", TODAY), ("two", TOMORROW)):
        ledger = Ledger.read(home, day)
        ledger.add("accepted", run, day, model="mbg_nbd", group="all", parameters={"r": 1.0})
        ledger.write(home.run(run))
    assert Ledger.read(home, CDNOW_WHOLE).lines == []
    assert (clv.confirm(home, "one"), clv.confirm(home, "one"), clv.confirm(home, "never ran")) == (1, 0, 0)
    assert [line["run_id"] for line in Ledger.read(home, CDNOW_WHOLE).lines] == ["one"]
    assert clv.confirm(home, "two") == 1
    assert [line["run_id"] for line in Ledger.read(home, TOMORROW).lines] == ["one"]
    assert Ledger.read(home, TODAY).newest == TOMORROW
    assert [line["run_id"] for line in Ledger.read(home, TODAY).lines] == ["one"]
    last = Ledger.read(home, CDNOW_WHOLE).last("accepted", model="mbg_nbd")
    assert last is not None
    assert last["run_id"] == "two"


def test_a_damaged_ledger_is_named_with_its_line(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    home.audit.mkdir()
    (home.audit / "clv_ledger.jsonl").write_text('{"kind": "accepted", "run_id": "one", "as_of": "1998-03-30"}\n{"kind": \n')
    with pytest.raises(GoodwillError, match="line 2"):
        Ledger.read(home, TODAY)
