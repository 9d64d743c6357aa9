"""What a validation found, and the gate that lets the night go on or stops it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goodwill.errors import GateBlocked
from goodwill.quality.suites import Rule, Suite

__all__ = ["FailedRule", "ValidationSummary", "gate"]


@dataclass(frozen=True)
class FailedRule:
    """A rule that did not hold. `found` counts; `keys` are a few of the rows, as `column=id`, without personal data."""

    table: str
    rule_id: str
    severity: str
    description: str
    found: str
    keys: tuple[str, ...] = ()
    remedy: str = ""

    @classmethod
    def of(cls, suite: Suite, rule: Rule, found: str, keys: tuple[str, ...] = (), *, severity: str | None = None) -> FailedRule:
        return cls(suite.table, rule.rule_id, severity or rule.severity, rule.description, found, keys, rule.remedy)

    def __str__(self) -> str:
        examples = f", such as {'; '.join(self.keys)}" if self.keys else ""
        remedy = f" What to do: {self.remedy}" if self.remedy else ""
        return f"{self.rule_id} on {self.table}: {self.description} Found: {self.found}{examples}.{remedy}"


@dataclass(frozen=True)
class ValidationSummary:
    """One boundary, one night. `rows` are those of `audit.validation_results`; `notices` say what was not checked, and why."""

    run_id: str
    boundary: str
    checks: int
    failed_critical: list[FailedRule]
    failed_warnings: list[FailedRule]
    rows: list[dict[str, Any]]
    notices: list[str]
    seconds: float


def gate(summary: ValidationSummary) -> None:
    """Let the night go on, or stop it.

    Raises
    ------
    GateBlocked : a critical rule did not hold; the message names rule, table, what was found and what to do.
    """
    if not summary.failed_critical:
        return
    raise GateBlocked(
        summary.boundary,
        [str(failure) for failure in summary.failed_critical],
        f"correct the source, the mapping or the rule, then run the night again; every check of it is under runs/{summary.run_id}",
    )
