"""One boundary, one night: which suites apply, what they found."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from goodwill import clock
from goodwill.quality import results
from goodwill.quality.gx_run import SuiteOutcome, run_suites
from goodwill.quality.reading import Reading, reading
from goodwill.quality.suites import Suite, load_suites
from goodwill.quality.summary import FailedRule, ValidationSummary

__all__ = ["validate"]


def validate(
    warehouse_path: Path,
    boundary: str,
    *,
    run_id: str,
    as_of: dt.date,
    out_dir: Path,
    expectations_dir: Path | None = None,
) -> ValidationSummary:
    """Check the tables of a boundary against their suites. Never raises for what the data look like: see `gate`.

    The warehouse file is read only, and closed on return. Left behind in `out_dir`: `validation_results/<boundary>.parquet`
    (the rows of `audit.validation_results`) and the documents that `build_data_docs` makes pages of.

    Parameters
    ----------
    boundary : landed, staged, marts, clv, segments or published.
    as_of : the night's date; written to the rows, not read by the rules (they read `control.night`).
    expectations_dir : the folder of suites; the project's own by default.

    Raises
    ------
    ConfigurationError : a suite cannot be used as it is.
    GoodwillError : the warehouse, or a table that a suite is about, is not there.
    """
    started = time.perf_counter()
    suites = load_suites(expectations_dir, boundary)
    words = {"sources"}.union(*({suite.table_name} | suite.words for suite in suites))
    with reading(warehouse_path, words) as source:
        applicable, notices = _applicable(source, suites)
        for suite in applicable:
            if suite.schema_name == "landed" and source.has(suite.table):
                source.hold(suite.table, suite.words)
        tables = run_suites(source, applicable, run_id) if applicable else []
    checked_at = clock.now()
    failures = [failure for table in tables for failure in _failures(table)]
    rows = [
        results.result_row(table, outcome, run_id=run_id, as_of=as_of, checked_at=checked_at)
        for table in tables
        for outcome in table.outcomes
    ]
    results.write_rows(rows, out_dir / "validation_results" / f"{boundary}.parquet")
    results.write_documents(tables, out_dir / results.DOCUMENTS / boundary)
    return ValidationSummary(
        run_id=run_id,
        boundary=boundary,
        checks=len(rows),
        failed_critical=[failure for failure in failures if failure.severity == "critical"],
        failed_warnings=[failure for failure in failures if failure.severity == "warning"],
        rows=rows,
        notices=notices,
        seconds=time.perf_counter() - started,
    )


def _applicable(source: Reading, suites: tuple[Suite, ...]) -> tuple[list[Suite], list[str]]:
    """The suites whose entity some source gives; for the others a notice, since an empty table would fail or prove nothing."""
    given = {entity for (entity,) in source.query("select distinct entity from control.sources")}
    applicable: list[Suite] = []
    notices: list[str] = []
    for suite in suites:
        if suite.when_source_given is None or suite.when_source_given in given:
            applicable.append(suite)
        else:
            notices.append(f"{suite.table} was not checked at '{suite.boundary}': no source gives {suite.when_source_given}")
    return applicable, notices


def _failures(table: SuiteOutcome) -> list[FailedRule]:
    """Rules that did not hold. One that could not be evaluated is critical whatever its severity: it proves nothing."""
    rows = results.element_count(table)
    return [
        FailedRule.of(table.suite, each.rule, results.found(each, rows), each.keys, severity="critical" if each.error else None)
        for each in table.outcomes
        if not each.success
    ]
