"""Great Expectations at work: suites in, its own results out. The only module that talks to it while validating."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from goodwill.errors import GoodwillError
from goodwill.quality.catalogue import TYPES, UNEXPECTED_ROWS
from goodwill.quality.counting import count_only
from goodwill.quality.reading import Reading
from goodwill.quality.redaction import PERSONAL_COLUMNS, safe_key
from goodwill.quality.suites import Rule, Suite

__all__ = ["Outcome", "SuiteOutcome", "context_in_memory", "great_expectations", "run_suites"]

#: How many offending rows a message names.
_EXAMPLES = 3

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")


@dataclass(frozen=True)
class Outcome:
    """One rule's result. `error` is set when the rule could not be evaluated at all."""

    rule: Rule
    success: bool
    result: dict[str, Any]
    error: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuiteOutcome:
    """One table's results: ours by rule, and Great Expectations' own document for its pages."""

    suite: Suite
    outcomes: tuple[Outcome, ...]
    suite_document: dict[str, Any]
    result_document: dict[str, Any]


@contextmanager
def great_expectations() -> Iterator[Any]:
    """The library, imported on first use (seconds), without its telemetry, progress bars and log lines."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield gx
    finally:
        logger.setLevel(level)


def context_in_memory(gx: Any) -> Any:
    """A context that leaves nothing on disk (the default one makes a temporary folder each time and forgets it) and draws no bars."""
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )


def run_suites(source: Reading, suites: Sequence[Suite], run_name: str) -> list[SuiteOutcome]:
    """Hold every suite against its table.

    Each table is asked as a batch of its own: a checkpoint would write, compare and read back each suite and result in stores that nobody reads
    (a third of the time of a small night's checks).

    Raises
    ------
    GoodwillError : a table is not in the warehouse, or Great Expectations did not take or did not answer every rule.
    """
    for suite in suites:
        if not source.has(suite.table):
            raise GoodwillError(
                f"{suite.file.name}: there is no table {suite.table} in the warehouse to validate at '{suite.boundary}'",
                "run the stage that builds it first, or correct the suite's table",
            )
    with great_expectations() as gx:
        count_only()
        datasource = context_in_memory(gx).data_sources.add_or_update_sql(
            "warehouse",
            connection_string=source.connection_string,
            create_temp_table=False,
            kwargs=source.engine_kwargs,
        )
        # a name that reads as a moment would be taken for one: 20261121T235355-5192 has a "time zone" of 51 hours
        run = gx.RunIdentifier(run_name=f"run-{run_name}")
        return [_run(gx, source, datasource, suite, run) for suite in suites]


def _run(gx: Any, source: Reading, datasource: Any, suite: Suite, run: Any) -> SuiteOutcome:
    name = f"{suite.boundary}.{suite.table_name}"
    asset = datasource.add_table_asset(name, table_name=suite.table_name, schema_name=suite.schema_name)
    batch = asset.add_batch_definition_whole_table("all rows").get_batch()
    handed = _handed(gx, name, suite)
    result = batch.validate(handed, result_format={"result_format": "SUMMARY"})
    result.meta |= {"run_id": run, "validation_time": run.run_time}
    return SuiteOutcome(suite, tuple(_outcomes(source, suite, handed, batch, result)), handed.to_json_dict(), result.to_json_dict())


def _handed(gx: Any, name: str, suite: Suite) -> Any:
    """The suite as Great Expectations takes it."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    handed = gx.ExpectationSuite(
        name=name,
        meta={"description": suite.description},
        expectations=[
            ExpectationConfiguration(
                type=rule.type,
                kwargs=_kwargs(rule),
                severity=rule.severity,
                description=f"{rule.rule_id} ({rule.severity}): {rule.description}",
                meta={"rule": rule.rule_id, "why": rule.why},
                notes=rule.why,
            ).to_domain_obj()
            for rule in suite.rules
        ],
    )
    if (taken := len(handed.expectations)) != len(suite.rules):
        raise GoodwillError(
            f"{suite.file.name}: Great Expectations took {taken} of {len(suite.rules)} rules",
            "look for two rules with the same type and arguments",
        )
    return handed


def _kwargs(rule: Rule) -> dict[str, Any]:
    """The arguments as Great Expectations takes them: it puts a subquery with an alias of its own in place of `{batch}`,
    which cannot be given another, nor stand twice in one `from`; so the query reads a name for it instead.
    """
    if rule.type != UNEXPECTED_ROWS:
        return dict(rule.kwargs)
    query = _query(rule, "batch").replace("{", "{{").replace("}", "}}")
    return {"unexpected_rows_query": f"with batch as not materialized (select * from {{batch}})\n{query}"}


def _query(rule: Rule, batch: str) -> str:
    return str(rule.kwargs["unexpected_rows_query"]).format(batch=batch).rstrip("; \n")


def _outcomes(source: Reading, suite: Suite, handed: Any, batch: Any, result: Any) -> Iterator[Outcome]:
    """One outcome per rule, in the order of the file: results come back sorted and are matched by rule id."""
    found = {each.expectation_config.meta["rule"]: each for each in result.results}
    if missing := [rule.rule_id for rule in suite.rules if rule.rule_id not in found] or len(result.results) != len(suite.rules):
        raise GoodwillError(
            f"{suite.file.name}: Great Expectations answered {len(result.results)} of {len(suite.rules)} rules ({missing})",
            "a rule without an answer proves nothing: look at its type and arguments",
        )
    for rule in suite.rules:
        each = found[rule.rule_id]
        error = _error(each.exception_info or {}, suite.words)
        success = bool(each.success) and not error
        keys: tuple[str, ...] = ()
        if not success and not error:
            try:
                keys = _offending_keys(source, suite, rule, handed, batch)
            except duckdb.Error as raised:  # rows can be counted of which a column cannot be worked out
                error = _error({"raised_exception": True, "exception_message": str(raised)}, suite.words)
        yield Outcome(rule, success, dict(each.result or {}), error, keys)


def _error(info: dict[str, Any], words: set[str]) -> str:
    """The first line of what went wrong, or an empty text; Great Expectations keys it by metric or not at all.

    What stands in quotes is hidden unless it is one of the suite's own `words`: DuckDB quotes the value it could not convert.
    """
    for each in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if each.get("raised_exception"):
            line = (str(each.get("exception_message") or "").strip().splitlines() or ["unknown error"])[0]
            return _QUOTED.sub(lambda match: match.group(0) if match.group(0)[1:-1] in words else "(hidden)", line)[:200]
    return ""


def _offending_keys(source: Reading, suite: Suite, rule: Rule, handed: Any, batch: Any) -> tuple[str, ...]:
    """The keys of a few rows that break the rule; personal columns are left out, other values are shown only if they look like ids."""
    if (query := _query_for_keys(suite, rule)) is not None:
        cursor = source.connection.execute(f"select distinct * from ({query}) order by all limit {_EXAMPLES}")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    else:
        expectation = next(each for each in handed.expectations if each.meta["rule"] == rule.rule_id)
        checked = batch.validate(
            expectation,
            result_format={
                "result_format": "SUMMARY",
                "unexpected_index_column_names": list(suite.key),
                "partial_unexpected_count": _EXAMPLES,
            },
        )
        listed = (checked.result or {}).get("partial_unexpected_index_list") or []
        rows = [{column: row[column] for column in suite.key if column in row} for row in listed[:_EXAMPLES]]
    return tuple(
        text
        for row in rows
        if (text := ", ".join(f"{name}={safe_key(value)}" for name, value in row.items() if name not in PERSONAL_COLUMNS))
    )


def _query_for_keys(suite: Suite, rule: Rule) -> str | None:
    """SQL that lists the offending keys, for the rules that Great Expectations cannot name rows of."""
    if rule.type == UNEXPECTED_ROWS:
        return _query(rule, suite.table)
    if TYPES[rule.type].checks == "key":
        columns = ", ".join(rule.kwargs.get("column_list") or [rule.kwargs["column"]])
        return f"select {columns} from {suite.table} group by all having count(*) > 1"
    return None
