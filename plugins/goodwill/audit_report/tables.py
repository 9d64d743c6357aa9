"""The tables of a report as CSV, for whoever reviews with other tools; no cell is a formula in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from goodwill.audit_report.checking import Rule
from goodwill.audit_report.facts import Facts
from goodwill.audit_report.intake import Landed, Total
from goodwill.audit_report.running import Change, Run
from goodwill.extract.inert import inert
from goodwill.report.intake import Rejection

__all__ = ["write_tables"]


def write_tables(facts: Facts, folder: Path) -> list[Path]:
    """One file a table in `folder`; codes and figures as they are kept, so that the files of two languages are equal."""
    told = ("source", "entity", "measure", "kind", "verdict", "value", "limit", "rows_now", "rows_before", "nights_before")
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "runs": _rows(Run, facts.runs),
        "changes": _rows(Change, facts.changes),
        "decisions": (
            ("row_of_the_ledger", "at", "kind", "by", "reason", "about"),
            [(d.seq, d.at, d.kind, d.by, d.reason, "; ".join(f"{name}={value}" for name, value in d.about)) for d in facts.decisions],
        ),
        "batches": _rows(Landed, facts.batches),
        "control_totals": _rows(Total, facts.totals),
        "rejected": _rows(Rejection, facts.rejections, without=("value",)),
        "checks": _rows(Rule, facts.checks.rules),
        "drift": (
            ("run_id", *told, "nights"),
            [(each.run_id, *(getattr(each.finding, name) for name in told), each.nights) for each in facts.drift],
        ),
    }
    return [_write(folder / f"{name}.csv", header, rows) for name, (header, rows) in tables.items()]


def _rows(kind: type, items: Iterable[Any], without: Sequence[str] = ()) -> tuple[list[str], list[list[Any]]]:
    names = [field.name for field in fields(kind) if field.name not in without]
    return names, [[getattr(item, name) for name in names] for item in items]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([inert(value) if isinstance(value, str) else value for value in row] for row in rows)
    return path
