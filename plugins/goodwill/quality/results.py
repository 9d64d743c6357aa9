"""What a validation leaves behind: rows for the audit tables, and documents the pages are made from."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from goodwill.quality.catalogue import UNEXPECTED_ROWS
from goodwill.quality.gx_run import Outcome, SuiteOutcome
from goodwill.quality.redaction import inert, redacted_result

__all__ = ["COLUMNS", "DOCUMENTS", "element_count", "found", "result_row", "write_documents", "write_rows"]

#: Where, inside a run's folder, the documents lie: one per boundary and table.
DOCUMENTS = "validation_documents"

COLUMNS: dict[str, str] = {
    "run_id": "varchar",
    "as_of": "date",
    "boundary": "varchar",
    "table_name": "varchar",
    "rule_id": "varchar",
    "expectation_type": "varchar",
    "column_name": "varchar",
    "severity": "varchar",
    "description": "varchar",
    "success": "boolean",
    "element_count": "bigint",
    "unexpected_count": "bigint",
    "observed_value": "varchar",
    "checked_at": "timestamp",
}


def element_count(outcome: SuiteOutcome) -> int | None:
    """How many rows the table has, from whichever rule counted them."""
    for each in outcome.outcomes:
        if each.rule.type.startswith("expect_table_row_count") and each.result.get("observed_value") is not None:
            return int(each.result["observed_value"])
        if each.result.get("element_count") is not None:
            return int(each.result["element_count"])
    return None


def _unexpected(outcome: Outcome) -> int | None:
    value = outcome.result.get("unexpected_count")
    if value is None and outcome.rule.type == UNEXPECTED_ROWS:
        value = outcome.result.get("observed_value")
    return None if value is None else int(value)


def found(outcome: Outcome, rows: int | None) -> str:
    """What was found, in words: rows that break the rule out of how many, or the value that was observed."""
    if outcome.error:
        return f"the rule could not be evaluated ({outcome.error})"
    unexpected = _unexpected(outcome)
    if unexpected is not None:
        if outcome.rule.type == UNEXPECTED_ROWS or rows is None:  # a query may group, so its rows are not a part of the table's
            return f"{unexpected} row{'' if unexpected == 1 else 's'}"
        return f"{unexpected} of {rows} rows"
    return f"{outcome.result.get('observed_value')}"


def result_row(
    table: SuiteOutcome,
    outcome: Outcome,
    *,
    run_id: str,
    as_of: dt.date,
    checked_at: dt.datetime,
) -> dict[str, Any]:
    """One row of `audit.validation_results`."""
    rows = element_count(table)
    return {
        "run_id": run_id,
        "as_of": as_of,
        "boundary": table.suite.boundary,
        "table_name": table.suite.table,
        "rule_id": outcome.rule.rule_id,
        "expectation_type": outcome.rule.type,
        "column_name": outcome.rule.column,
        "severity": outcome.rule.severity,
        "description": outcome.rule.description,
        "success": outcome.success,
        "element_count": rows,
        "unexpected_count": _unexpected(outcome),
        "observed_value": found(outcome, rows),
        "checked_at": checked_at,
    }


def write_rows(rows: Sequence[dict[str, Any]], target: Path) -> Path:
    """Write result rows as Parquet, whole or not at all. An empty list gives an empty file with the same columns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    with duckdb.connect() as connection:
        connection.execute(f"create table results ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        if rows:
            marks = ", ".join("?" for _ in COLUMNS)
            connection.executemany(f"insert into results values ({marks})", [[row[name] for name in COLUMNS] for row in rows])
        connection.table("results").write_parquet(str(unfinished))
    os.replace(unfinished, target)
    return target


def write_documents(tables: Sequence[SuiteOutcome], folder: Path) -> None:
    """Keep what Great Expectations answered, redacted, one file per table, until the night's pages are built from it."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        shown = {each.rule.rule_id for each in table.outcomes if each.rule.show_values}
        result = dict(table.result_document)
        result["results"] = [
            redacted_result(each, show_values=each["expectation_config"]["meta"]["rule"] in shown) for each in result["results"]
        ]
        document = inert({"suite": table.suite_document, "result": result})
        target = folder / f"{table.suite.table_name}.json"
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(unfinished, target)
