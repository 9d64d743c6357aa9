"""A warehouse of one table, and suites that a test writes itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest
import yaml
from goodwill.quality import ValidationSummary, validate

AS_OF = dt.date(2025, 6, 30)


def rule(rule_id: str, type_name: str, severity: str = "critical", meta: dict[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:
    """One expectation of a suite, as YAML holds it."""
    return {
        "type": type_name,
        "kwargs": kwargs,
        "severity": severity,
        "description": f"The rule {rule_id} holds.",
        "meta": {"rule": rule_id, "why": "A test asks.", **(meta or {})},
    }


def guards(prefix: str = "A") -> list[dict[str, Any]]:
    """The two rules that every suite must have."""
    return [
        rule(f"{prefix}-1", "expect_table_row_count_to_be_between", min_value=1),
        rule(
            f"{prefix}-2",
            "unexpected_rows_expectation",
            meta={"checks": "key"},
            unexpected_rows_query="select id from {batch} group by id having count(*) > 1 or id is null",
        ),
    ]


def suite(*rules: dict[str, Any], table: str = "marts.things", **header: Any) -> dict[str, Any]:
    return {"table": table, "description": "Things.", "key": ["id"], "expectations": [*rules], **header}


@pytest.fixture
def write_suites(tmp_path: Path) -> Callable[..., Path]:
    """Write suites given as `{"marts/things": suite or text}` and return their folder."""

    def write(suites: dict[str, Any]) -> Path:
        root = tmp_path / "expectations"
        for name, content in suites.items():
            file = root / f"{name}.yml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(content) if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return root

    return write


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """`marts.things(id, kind, amount, email)` with three sound rows; orders are given by a source, refunds are not."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            dedent("""
            create schema control; create schema marts;
            create table control.sources as select 'shop' as source, 'orders' as entity, 'shop' as system, 'file' as connector, 0.05 as quarantine_share;
            create table control.night as select date '2025-06-30' as as_of;
            create table marts.things as
                select * from (values ('t1', 'a', 1.00, 'jane@doe.example'), ('t2', 'a', 2.00, 'joe@doe.example'), ('t3', 'b', 3.00, null))
                as things(id, kind, amount, email);
            create view marts.seen as select * from marts.things;
        """)
        )
    return path


@pytest.fixture
def run(warehouse: Path, write_suites: Callable[..., Path], tmp_path: Path) -> Callable[..., ValidationSummary]:
    """Validate the boundary `marts` with the given rules after the usual two."""

    def validate_rules(*rules: dict[str, Any], sql: str = "", **header: Any) -> ValidationSummary:
        if sql:
            with duckdb.connect(str(warehouse)) as connection:
                connection.execute(sql)
        root = write_suites({"marts/things": suite(*guards(), *rules, **header)})
        return validate(warehouse, "marts", run_id="night", as_of=AS_OF, out_dir=tmp_path / "run", expectations_dir=root)

    return validate_rules
