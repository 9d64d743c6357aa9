"""What was checked: the expectations of the runs of a period, rule by rule, from the results each run kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from goodwill.home import Home
from goodwill.report.checks import BOUNDARIES
from goodwill.sql import literals

__all__ = ["Boundary", "Checks", "Rule", "read_checks"]


@dataclass(frozen=True)
class Rule:
    """One expectation over the runs of the period: in how many it was checked, in how many it held, what the last failure found."""

    boundary: str
    table: str
    rule_id: str
    severity: str
    description: str
    checked: int
    held: int
    rows: int | None
    last_failed: str | None

    @property
    def failed(self) -> int:
        return self.checked - self.held


@dataclass(frozen=True)
class Boundary:
    """The checks of one boundary over the runs of the period."""

    name: str
    checks: int
    held: int
    critical: int
    warnings: int


@dataclass(frozen=True)
class Checks:
    """All of them. `missing` are runs whose results are kept no longer, or that stopped before the first boundary."""

    boundaries: tuple[Boundary, ...]
    rules: tuple[Rule, ...]
    missing: tuple[str, ...]

    @property
    def checks(self) -> int:
        return sum(boundary.checks for boundary in self.boundaries)

    @property
    def held(self) -> int:
        return sum(boundary.held for boundary in self.boundaries)

    @property
    def failures(self) -> list[Rule]:
        """Rules that did not hold somewhere: the ones that block first."""
        return sorted(
            (rule for rule in self.rules if rule.failed), key=lambda rule: (rule.severity != "critical", -rule.failed, rule.rule_id)
        )


def read_checks(home: Home, runs: Sequence[str]) -> Checks:
    """The checks of these runs, oldest first."""
    kept = {run: sorted((home.run(run) / "validation_results").glob("*.parquet")) for run in runs}
    files = [str(file) for each in kept.values() for file in each]
    missing = tuple(run for run, each in kept.items() if not each)
    if not files:
        return Checks((), (), missing)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select
                boundary, table_name, rule_id,
                max_by(severity, checked_at) as severity, max_by(description, checked_at) as description,
                count(*) as checked, count(*) filter (success) as held,
                max_by(unexpected_count, checked_at) filter (not success) as rows, max_by(run_id, checked_at) filter (not success) as last_failed
            from read_parquet([{literals(files)}], union_by_name = true)
            group by boundary, table_name, rule_id order by boundary, table_name, rule_id
            """
        ).fetchall()
    order = {name: place for place, name in enumerate(BOUNDARIES)}
    rules = sorted((Rule(*row) for row in rows), key=lambda rule: (order.get(rule.boundary, len(order)), rule.table, rule.rule_id))
    names = dict.fromkeys(rule.boundary for rule in rules)
    return Checks(tuple(_boundary(name, [rule for rule in rules if rule.boundary == name]) for name in names), tuple(rules), missing)


def _boundary(name: str, rules: list[Rule]) -> Boundary:
    failed = {
        severity: sum(rule.failed for rule in rules if (rule.severity == "critical") is (severity == "critical"))
        for severity in ("critical", "warning")
    }
    return Boundary(name, sum(rule.checked for rule in rules), sum(rule.held for rule in rules), failed["critical"], failed["warning"])
