"""The checks of the night: what each boundary was asked, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from goodwill.privacy.showing import safe_value

__all__ = ["BOUNDARIES", "Boundary", "Check", "Checks", "read_checks"]

#: In the order in which the data passes them.
BOUNDARIES = ("landed", "staged", "marts", "clv", "segments", "published")


@dataclass(frozen=True)
class Check:
    """One rule, asked once: the sentence an auditor reads and what came out."""

    boundary: str
    table: str
    rule: str
    severity: str
    description: str
    column: str | None
    success: bool
    elements: int | None
    unexpected: int | None
    observed: str | None

    @property
    def outcome(self) -> str:
        if self.success:
            return "passed"
        return "failed" if self.severity == "critical" else "warning"


@dataclass(frozen=True)
class Boundary:
    name: str
    passed: int
    warned: int
    failed: int

    @property
    def asked(self) -> int:
        return self.passed + self.warned + self.failed


@dataclass(frozen=True)
class Checks:
    all: tuple[Check, ...]
    boundaries: tuple[Boundary, ...]

    @property
    def troubled(self) -> tuple[Check, ...]:
        """What did not pass, critical first."""
        return tuple(sorted((check for check in self.all if not check.success), key=lambda check: check.outcome != "failed"))

    @property
    def critical_failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.troubled if check.outcome == "failed")

    @property
    def passed(self) -> int:
        return sum(boundary.passed for boundary in self.boundaries)


def _rank(boundary: str) -> int:
    return BOUNDARIES.index(boundary) if boundary in BOUNDARIES else len(BOUNDARIES)


def _check(row: tuple[Any, ...]) -> Check:
    boundary, table, rule, severity, description, column, success, elements, unexpected, observed = row
    shown = safe_value(observed, column=None)
    return Check(boundary, table, rule, severity, description, column, success, elements, unexpected, shown)


def read_checks(run_dir: Path) -> Checks:
    """The results under `run_dir/validation_results`, in the order of the boundaries."""
    files = sorted(str(path) for path in (run_dir / "validation_results").glob("*.parquet"))
    if not files:
        return Checks((), ())
    query = """
        select boundary, table_name, rule_id, severity, description, column_name, coalesce(success, false), element_count,
            unexpected_count, observed_value
        from read_parquet(?, union_by_name = true)
        order by table_name, rule_id, column_name
    """
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(query, [files]).fetchall()
    checks = tuple(sorted((_check(row) for row in rows), key=lambda check: _rank(check.boundary)))
    names = sorted({check.boundary for check in checks}, key=_rank)
    outcomes = {name: [check.outcome for check in checks if check.boundary == name] for name in names}
    return Checks(
        checks,
        tuple(Boundary(name, found.count("passed"), found.count("warning"), found.count("failed")) for name, found in outcomes.items()),
    )
