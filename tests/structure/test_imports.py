"""Who may import whom: `dags → stages → the parts → the base`, and nobody in the package imports Airflow."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.project import ROOT, files

#: A part may import parts of a lower level only. A new part needs its place here.
LEVELS = {
    "__version__": 0,
    "clock": 0,
    "alerts": 1,
    "causes": 1,
    "entities": 0,
    "errors": 0,
    "faults": 0,
    "reasons": 0,
    "sql": 0,
    "demo": 1,
    "files": 1,
    "home": 1,
    "schedule": 1,
    "settings": 1,
    "privacy": 2,
    "room": 2,
    "sources": 2,
    "extract": 3,
    "drift": 4,
    "warehouse": 4,
    "audit": 4,
    "clv": 5,
    "identity": 5,
    "publish": 5,
    "quality": 5,
    "report": 5,
    "audit_report": 6,
    "segments": 5,
    "forgetting": 6,
    "reviewing": 6,
    "stages": 7,
    "cli": 8,
    "__main__": 9,
}
CLOCK_CALLS = {"now", "today", "utcnow", "localtime", "gmtime", "time", "time_ns"}


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module a file imports, with its line; `from goodwill import x` counts as `goodwill.x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written in full"
            if node.module == "goodwill":
                yield from ((f"goodwill.{alias.name}", node.lineno) for alias in node.names)
            elif node.module:
                yield node.module, node.lineno


def airflow_imports(source: str) -> list[int]:
    """Lines that import Airflow."""
    return [line for module, line in imports(ast.parse(source)) if module.split(".")[0] == "airflow"]


def upward_imports(part: str, source: str) -> list[str]:
    """Imports of a part of the same or a higher level."""
    wrong = []
    for module, line in imports(ast.parse(source)):
        names = module.split(".")
        if names[0] == "goodwill" and len(names) > 1 and names[1] != part:
            assert names[1] in LEVELS, f"the part {names[1]!r} has no level"
            if LEVELS[names[1]] >= LEVELS[part]:
                wrong.append(f"line {line}: {part} imports {module}")
    return wrong


def clock_readings(source: str) -> list[str]:
    """Calls that ask what time or day it is, through `datetime`, `date` or `time`, under whatever name they were imported."""
    tree = ast.parse(source)
    holders = {"datetime", "date"}
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            holders |= {alias.asname or alias.name for alias in node.names if alias.name in ("datetime", "time")}
        elif isinstance(node, ast.ImportFrom) and node.module in ("datetime", "time"):
            holders |= {alias.asname or alias.name for alias in node.names if node.module == "datetime"}
            names |= {alias.asname or alias.name for alias in node.names if node.module == "time" and alias.name in CLOCK_CALLS}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            call = node.func
            if isinstance(call, ast.Attribute) and call.attr in CLOCK_CALLS and ast.unparse(call.value).split(".")[0] in holders:
                found.append(f"line {node.lineno}: {ast.unparse(call)}()")
            elif isinstance(call, ast.Name) and call.id in names:
                found.append(f"line {node.lineno}: {call.id}()")
    return found


def dag_imports(source: str) -> tuple[list[str], list[str]]:
    """What a DAG file imports against the rules: anywhere, and at its top level (which every parse pays for)."""
    tree = ast.parse(source)
    allowed = {"airflow.sdk", "airflow.sdk.exceptions", "goodwill.schedule", "goodwill.stages"}
    light = {"airflow.sdk", "goodwill.schedule"}
    everywhere = [
        f"line {line}: {name}" for name, line in imports(tree) if name not in allowed and name.split(".")[0] not in sys.stdlib_module_names
    ]
    # `from goodwill import schedule, stages` at the top would be heavy too
    top: list[ast.stmt] = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    at_top = [
        f"line {line}: {name}"
        for name, line in imports(ast.Module(top, []))
        if name not in light and name.split(".")[0] not in sys.stdlib_module_names
    ]
    return everywhere, at_top


PACKAGE = files("plugins/goodwill", "*.py", at_least=40)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "plugins/goodwill").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_package_never_imports_airflow(path: Path) -> None:
    assert airflow_imports(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path", [path for path in PACKAGE if part_of(path) != "__init__"], ids=lambda path: str(path.relative_to(ROOT / "plugins"))
)
def test_imports_point_downwards(path: Path) -> None:
    assert part_of(path) in LEVELS, f"give the part {part_of(path)!r} a level"
    assert upward_imports(part_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path", [path for path in PACKAGE if path.name != "clock.py"], ids=lambda path: str(path.relative_to(ROOT / "plugins"))
)
def test_only_the_clock_reads_the_clock(path: Path) -> None:
    assert clock_readings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", files("dags", "*.py"), ids=lambda path: path.name)
def test_dags_import_the_sdk_and_the_stages_only(path: Path) -> None:
    assert dag_imports(path.read_text(encoding="utf-8")) == ([], [])


def test_every_level_is_of_a_part_that_exists() -> None:
    assert set(LEVELS) - {"__version__"} == {part_of(path) for path in PACKAGE if part_of(path) != "__init__"}


def test_airflow_does_not_execute_the_package() -> None:
    """Without this file Airflow runs every module under plugins/ by its bare name (a calendar.py replaced the standard library's)."""
    assert (ROOT / "plugins/.airflowignore").read_text(encoding="utf-8").split() == ["goodwill/"]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import airflow", [1]),
        ("def f():\n    from airflow.sdk import dag", [2]),
        ("import airflow.models as m", [1]),
        ("import airflow_client", []),
        ("x = 'airflow'", []),
    ],
)
def test_rule_finds_airflow(source: str, lines: list[int]) -> None:
    assert airflow_imports(source) == lines


@pytest.mark.parametrize(
    ("part", "source", "count"),
    [
        ("clv", "from goodwill import stages", 1),
        ("clv", "from goodwill.report.page import x", 1),
        ("extract", "import goodwill.warehouse", 1),
        ("stages", "from goodwill.cli import x", 1),
        ("clv", "from goodwill.warehouse import x\nfrom goodwill.clv.fit import y\nfrom goodwill import errors", 0),
    ],
)
def test_rule_finds_upward_imports(part: str, source: str, count: int) -> None:
    assert len(upward_imports(part, source)) == count


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import datetime as dt\ndt.datetime.now(dt.UTC)", 1),
        ("import datetime as dt\ndt.date.today()", 1),
        ("from datetime import datetime as d\nd.utcnow()", 1),
        ("from datetime import date\ndate.today()", 1),
        ("import time\ntime.time()", 1),
        ("from time import time_ns\ntime_ns()", 1),
        ("from goodwill.clock import now\nnow()", 0),
        ("import time\ntime.perf_counter()\ntime.monotonic()", 0),
        ("import datetime as dt\ndt.date.fromisoformat('2026-06-30')", 0),
    ],
)
def test_rule_finds_clock_readings(source: str, count: int) -> None:
    assert len(clock_readings(source)) == count


@pytest.mark.parametrize(
    ("source", "everywhere", "at_top"),
    [
        ("from airflow.sdk import dag\nfrom goodwill.schedule import cron\nimport json", 0, 0),
        ("def task():\n    from goodwill import stages", 0, 0),
        ("from goodwill import stages", 0, 1),
        ("def task():\n    from goodwill import clv", 1, 0),
        ("from airflow.models import DAG", 1, 1),
        ("import pandas", 1, 1),
    ],
)
def test_rule_finds_imports_a_dag_may_not_have(source: str, everywhere: int, at_top: int) -> None:
    found = dag_imports(source)
    assert (len(found[0]), len(found[1])) == (everywhere, at_top)
