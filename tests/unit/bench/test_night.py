"""The scale smoke's reading of a run, and its verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench.night import Outcome, Stage, Targets, last_run, make_home, read_stages, report, run_night

LINES = [
    {"stage": "extract shop", "status": "started", "at": "2026-07-01 03:00:00.000"},
    {"stage": "extract shop", "status": "done", "at": "…", "seconds": 4.25, "detail": {"rows": 10, "peak_rss_mb": 812}},
    {"stage": "prepare", "status": "blocked", "at": "…", "seconds": 0.5, "detail": {}, "message": "no"},
]
STAGES = [Stage("extract shop", "done", 4.25, 812.0), Stage("prepare", "blocked", 0.5, None)]


def test_stages_that_ended_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "stages.jsonl").write_text("\n".join(map(json.dumps, LINES)) + "\n", encoding="utf-8")
    assert read_stages(tmp_path) == STAGES


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(0, 179.0, 4000.0, ""), "within the targets"),
        (Outcome(2, 10.0, 100.0, ""), "not published (exit code 2)"),
        (Outcome(0, 181.0, 100.0, ""), "181 s are more than 180 s"),
        (Outcome(0, 10.0, 4097.0, ""), "4,097 MiB are more than 4,096 MiB"),
        (Outcome(1, 200.0, 5000.0, ""), "not published (exit code 1); 200 s are more than 180 s; 5,000 MiB are more than 4,096 MiB"),
    ],
)
def test_verdict_names_each_target_that_was_missed(outcome: Outcome, said: str) -> None:
    text, met = report(STAGES, outcome, Targets())
    assert text.splitlines()[-1] == f"verdict: {said}"
    assert met is (said == "within the targets")


def test_table_shows_each_stage_and_the_rest() -> None:
    text, _ = report(STAGES, Outcome(0, 10.0, 900.4, ""), Targets())
    cells = [line.split() for line in text.splitlines()]
    assert ["extract", "shop", "done", "4.2", "812"] in cells
    assert ["prepare", "blocked", "0.5", "-"] in cells
    assert ["outside", "the", "stages", "5.2"] in cells
    assert ["whole", "night", "exit", "0", "10.0", "900"] in cells


def test_newest_run_is_the_last_one_with_stages(tmp_path: Path) -> None:
    assert last_run(tmp_path) is None
    for name in ("a", "b", "c"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    for age, name in enumerate(("a", "b")):
        (tmp_path / "runs" / name / "stages.jsonl").write_text("", encoding="utf-8")
        os.utime(tmp_path / "runs" / name, (1000 - age, 1000 - age))
    newest = last_run(tmp_path)
    assert newest is not None
    assert newest.name == "a"


def test_command_is_run_as_a_user_would_and_its_memory_seen(tmp_path: Path) -> None:
    """Without a home the real command line refuses: its exit code, words and memory come through."""
    outcome = run_night(tmp_path, "2026-06-30")
    assert outcome.code == 1
    assert "goodwill.yml" in outcome.output
    assert 10 < outcome.peak_mb < 4096
    assert outcome.seconds > 0


def test_home_holds_settings_sources_and_files(tmp_path: Path) -> None:
    truth = make_home(tmp_path / "home", 500, 3)
    assert truth["rows"]["orders"] == 500
    assert (tmp_path / "home" / "goodwill.yml").is_file()
    declared = (tmp_path / "home" / "sources.yml").read_text(encoding="utf-8")
    for entity in truth["rows"]:
        assert (tmp_path / "home" / "input" / f"{entity}.csv").is_file()
        assert f"{entity}.csv" in declared, f"{entity} is generated but no source reads it"
