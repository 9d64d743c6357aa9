"""`goodwill run`: the DAG's own test-run as a process of its own, followed through the run's record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from goodwill.audit import RunRecord
from goodwill.audit.lock import Lock
from goodwill.causes import remedy_of
from goodwill.cli.failing import why_failed
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.stages import end_cut_short, new_run_id

__all__ = ["airflow_environment", "run_night"]

ROOT = Path(__file__).resolve().parents[3]
_MARK = {"done": "[green]✓[/green]", "blocked": "[yellow]■[/yellow]", "failed": "[red]✗[/red]"}


def airflow_environment(home: Home) -> dict[str, str]:
    """The environment in which Airflow serves a home: SQLite, the project's DAGs, no examples, no telemetry."""
    defaults = {
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }
    path = os.pathsep.join(part for part in (str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")) if part)
    return {**defaults, **os.environ, "GOODWILL_HOME": str(home.root), "PYTHONPATH": path}


def _ensure_metadata(home: Home, environment: dict[str, str], console: Console) -> None:
    """Create Airflow's metadata database at the first night of a home."""
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ or (home.airflow / "airflow.db").exists():
        return
    console.print("preparing Airflow (SQLite, once) …")
    home.airflow.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GoodwillError(
            f"Airflow could not make its metadata database:\n{done.stderr[-2000:]}", remedy_of(done.stderr) or f"look at {home.airflow}"
        )


def _figures(detail: dict[str, Any]) -> str:
    hidden = {"cpu_seconds", "peak_rss_mb", "nodes"}
    return ", ".join(
        f"{key.replace('_', ' ')} {value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else f"{key.replace('_', ' ')} {value}"
        for key, value in detail.items()
        if key not in hidden and not isinstance(value, (dict, list))
    )


def _show(console: Console, line: dict[str, Any]) -> None:
    if line["status"] == "started":
        return
    figures = escape(_figures(line.get("detail", {})))
    console.print(f"{_MARK[line['status']]} {escape(line['stage']):<24} {line.get('seconds', 0):>7.1f} s  {figures}")
    if line["status"] != "done":
        console.print(f"  {escape(line.get('message') or '')}")


def _follow(process: subprocess.Popen[bytes], record: RunRecord, console: Console) -> None:
    """Print each stage as it ends, until the process does."""
    shown = 0
    while True:
        ended = process.poll() is not None
        lines = record.stages()
        for line in lines[shown:]:
            _show(console, line)
        shown = len(lines)
        if ended:
            return
        time.sleep(0.2)


def run_night(home: Home, as_of: str | None, console: Console, make_current: bool = False, full: bool = False) -> str:
    """Run the night of `home` and print its progress and summary.

    Returns
    -------
    The verdict: `published`, `blocked`, `failed`, or `refused` where another night began at the same moment.

    Raises
    ------
    ConfigurationError : the configuration cannot be used; nothing was started. HeldError : another run holds the warehouse.
    """
    home.require_writable()
    load_business(home.business_file)
    load_sources(home.sources_file)
    Lock.of(home).refuse_if_held()
    environment = airflow_environment(home)
    _ensure_metadata(home, environment, console)
    run_id = new_run_id()
    record = RunRecord.of(home, run_id)
    home.logs.mkdir(parents=True, exist_ok=True)
    log = home.logs / f"{run_id}.log"
    console.print(f"night {run_id} of {home.root}")
    with log.open("wb") as stream:
        conf = json.dumps({"home": str(home.root), "as_of": as_of, "run_id": run_id, "make_current": make_current, "full": full})
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "dags" / "nightly.py"), conf],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=home.root,
        )
        try:
            _follow(process, record, console)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
    if record.read().get("verdict") == "running":  # killed, or out of memory: nobody was left to close it
        end_cut_short({"home": str(home.root), "run_id": run_id})
    return _conclude(home, record, log, console)


def _conclude(home: Home, record: RunRecord, log: Path, console: Console) -> str:
    facts = record.read()
    verdict = str(facts.get("verdict", "failed"))
    if verdict == "refused":
        console.print(f"refused: {escape(str(facts['message']))}")
    elif verdict not in ("published", "blocked"):
        verdict = "failed"
        console.print(f"[red]failed[/red]: {escape(why_failed(home, record, log))}")
        console.print(f"log       {log}")
    if verdict == "published":
        from goodwill import report

        console.print()
        console.print(escape(report.summary_text(home.published / record.folder.name / "goodwill.duckdb", record.folder)))
        folder = home.current if facts.get("is_current") else home.published / record.folder.name
        if not facts.get("is_current"):
            console.print("published beside the present publication, which stands at a later day")
        console.print(f"report    {folder / 'report' / 'index.html'}")
        console.print(f"auditors  {folder / 'audit_report' / 'index.html'}")
        console.print(f"database  {folder / 'goodwill.duckdb'}")
        console.print(f"data docs {folder / 'data_docs' / 'index.html'}")
    elif (record.folder / "report" / "index.html").exists():
        console.print(f"nothing was published; the report of this run: {record.folder / 'report' / 'index.html'}")
    return verdict
