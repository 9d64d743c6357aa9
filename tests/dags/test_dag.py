"""The DAG file: what it holds, and how little it costs to parse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.nights import STEPS

ROOT = Path(__file__).resolve().parents[2]

TASKS = {
    "open_night",
    "extract.source_names",
    "extract.extract_source",
    "landed.prepare",
    "landed.validate",
    "staging.build",
    "staging.validate",
    "marts.identify",
    "marts.build",
    "marts.validate",
    "clv.fit",
    "clv.validate",
    "segments.assign",
    "segments.validate",
    "scored_marts.build",
    "scored_marts.validate",
    "documents",
    "publish",
    "close_night",
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory) -> dict:
    """The DAG folder loaded in a process of its own: ids, tasks, edges, errors, and the heavy modules it pulled in."""
    home = tmp_path_factory.mktemp("home")
    (home / "goodwill.yml").write_text("calendar: {schedule: '15 4 * * *', deadline_minutes: 90}")
    script = f"""
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(ROOT / "dags")!r})
dag = bag.dags["nightly"]
heavy = [name for name in ("pandas", "duckdb", "dbt", "great_expectations", "lifetimes", "scipy", "pyarrow") if name in sys.modules]
print(json.dumps({{"dags": sorted(bag.dags), "errors": {{k: str(v) for k, v in bag.import_errors.items()}}, "heavy": heavy,
                  "tasks": {{task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}},
                  "steps": [task.op_args[1:] for task in dag.topological_sort() if len(getattr(task, "op_args", ())) > 1],
                  "deadlines": [[each.reference.reference_name, each.interval.total_seconds(), each.callback.path, each.callback.kwargs]
                                for each in dag.deadline],
                  "told": sorted(f"{{each.dag_id}}.{{task.task_id}}" for each in bag.dags.values() for task in each.tasks if task.on_failure_callback),
                  "schedule": dag.schedule, "doc": dag.doc_md, "runs": dag.max_active_runs, "catchup": dag.catchup}}))
"""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "plugins"),
        "GOODWILL_HOME": str(home),
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_bag_holds_the_night_and_nothing_else(parsed):
    assert parsed["errors"] == {}
    assert parsed["dags"] == ["audit_report", "erase_person", "housekeeping", "nightly", "review"]


def test_the_night_has_exactly_these_tasks(parsed):
    assert set(parsed["tasks"]) == TASKS


def test_nothing_is_published_before_every_boundary_is_validated(parsed):
    upstream = parsed["tasks"]

    def before(task: str) -> set[str]:
        direct = set(upstream[task])
        return direct.union(*(before(each) for each in direct))

    assert {task for task in TASKS if task.endswith(".validate")} <= before("publish")
    assert before("close_night") == TASKS - {"close_night"}


def test_the_nights_that_are_killed_have_the_stages_of_the_dag(parsed):
    assert parsed["steps"] == [list(step) for step in STEPS]


def test_parsing_loads_no_heavy_module(parsed):
    assert parsed["heavy"] == []


def test_schedule_comes_from_the_home_and_one_night_runs_at_a_time(parsed):
    assert parsed["schedule"] == "15 4 * * *"
    assert parsed["runs"] == 1
    assert parsed["catchup"] is False


def test_airflow_tells_of_a_failure_and_of_a_night_that_is_late(parsed):
    assert parsed["told"] == [
        "audit_report.report_month",
        "erase_person.erase",
        "housekeeping.tidy",
        "nightly.close_night",
        "review.judge_models",
    ]
    assert parsed["deadlines"] == [["DagRunQueuedAtDeadline", 5400.0, "goodwill.alerts.deadline_missed", {"minutes": 90}]]
