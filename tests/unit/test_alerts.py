"""Alerts: what arrives, that nothing is in them but names of runs and stages, and that a way that is closed stops nothing."""

from __future__ import annotations

import asyncio

import pytest
from goodwill import alerts, stages
from goodwill.audit import RunRecord

from tests.receiver import receiver

__all__ = ["receiver"]


def test_a_failed_night_is_told_with_its_stage_and_nothing_of_its_data(receiver, make_home):
    home = make_home()
    record = RunRecord.of(home, "r1")
    record.update(started_at="2026-01-01", as_of="2025-12-31", verdict="blocked", blocked_at="extract shop", message="ann@x.org is no date")
    assert stages.tell_failure(str(home.root), "night") == {"sent": True}
    ((kind, text, facts),) = receiver.got
    assert kind == "failure"
    assert text == f"Goodwill: the night of {home.root.name} was blocked at 'extract shop' (run r1); readers see what they saw."
    assert facts["published"] is None
    assert "ann@x.org" not in str(receiver.got)


def test_what_has_no_home_is_told_all_the_same(receiver):
    stages.tell_failure("/no/such/home", "erasure")
    assert [text for _, text, _ in receiver.got] == ["Goodwill: the erasure of an unknown home failed; readers see what they saw."]


def test_a_late_night_is_told(receiver):
    asyncio.run(alerts.deadline_missed({}, minutes=90))
    ((kind, text, facts),) = receiver.got
    assert (kind, facts) == ("deadline", {"minutes": 90})
    assert "not ended within 90 minutes" in text


@pytest.mark.parametrize("way", ["http://127.0.0.1:9/s3cret", "no address/s3cret", "{refused}"])
def test_a_way_that_is_closed_stops_nothing_and_is_not_shown(receiver, monkeypatch, caplog, way):
    monkeypatch.setenv(alerts.URL, way.format(refused=f"{receiver.url}/refuse/s3cret"))
    assert alerts.send("failure", "it failed") is False
    assert "it failed" in caplog.text
    assert "could not be sent" in caplog.text
    assert "s3cret" not in caplog.text


def test_without_an_address_it_is_logged_only(monkeypatch, caplog):
    monkeypatch.delenv(alerts.URL, raising=False)
    assert alerts.send("failure", "it failed") is False
    assert caplog.messages == ["it failed"]


def test_a_night_that_did_not_begin_is_no_alarm_and_hides_no_failure(receiver, make_home):
    home = make_home()
    RunRecord.of(home, "r1").update(started_at="2026-01-01", verdict="failed", blocked_at="publish")
    RunRecord.of(home, "r2").update(started_at="2026-01-02", verdict="refused", blocked_at="open")
    stages.tell_refused(str(home.root))
    stages.tell_failure(str(home.root), "night")
    assert [(kind, facts.get("run_id")) for kind, _, facts in receiver.got] == [("refused", None), ("failure", "r1")]
