"""Validation on a real file with real Great Expectations: what it finds, keeps, hides and lets go of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill.errors import GateBlocked, GoodwillError
from goodwill.quality import ValidationSummary, build_data_docs, gate, gx_run, load_suites, validate
from goodwill.quality.reading import Reading
from goodwill.quality.results import COLUMNS, DOCUMENTS
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.unit.quality.conftest import AS_OF, guards, rule, suite

Run = Callable[..., ValidationSummary]
IN_SET = "expect_column_values_to_be_in_set"
QUERY = "unexpected_rows_expectation"


def test_results_are_rows_with_the_columns_of_the_audit_table(run: Run, tmp_path: Path) -> None:
    summary = run(rule("A-3", IN_SET, "warning", column="kind", value_set=["a"]))
    file = tmp_path / "run" / "validation_results" / "marts.parquet"
    described = duckdb.sql(f"describe from '{file}'").fetchall()
    assert {row[0]: row[1].lower() for row in described} == COLUMNS
    rows = duckdb.sql(
        f"select rule_id, success, severity, column_name, element_count, unexpected_count, observed_value, as_of from '{file}'"
    ).fetchall()
    assert rows == [
        ("A-1", True, "critical", None, 3, None, "3", AS_OF),
        ("A-2", True, "critical", None, 3, 0, "0 rows", AS_OF),
        ("A-3", False, "warning", "kind", 3, 1, "1 of 3 rows", AS_OF),
    ]
    assert (summary.boundary, summary.checks, len(summary.rows)) == ("marts", 3, 3)
    assert not list((tmp_path / "run").rglob("*.unfinished"))


def test_a_warning_reports_and_passes_the_gate(run: Run) -> None:
    summary = run(rule("A-3", IN_SET, "warning", column="kind", value_set=["a"]))
    assert ([each.rule_id for each in summary.failed_warnings], summary.failed_critical) == (["A-3"], [])
    gate(summary)


def test_the_gate_names_rule_table_finding_keys_and_remedy(run: Run) -> None:
    summary = run(
        rule("A-3", IN_SET, column="kind", value_set=["a"], meta={"remedy": "call the shop."}),
        rule("A-4", QUERY, unexpected_rows_query="select id, email from {batch} where amount > 1 and '{{}}' <> ''"),
    )
    with pytest.raises(GateBlocked) as blocked:
        gate(summary)
    assert blocked.value.failures == [
        "A-3 on marts.things: The rule A-3 holds. Found: 1 of 3 rows, such as id=t3. What to do: call the shop.",
        "A-4 on marts.things: The rule A-4 holds. Found: 2 rows, such as id=t2; id=t3.",
    ]
    assert "runs/night" in blocked.value.remedy


def test_a_key_that_is_not_unique_names_its_keys(run: Run) -> None:
    summary = run(
        rule("A-3", "expect_column_values_to_be_unique", column="id"),
        rule("A-4", "expect_compound_columns_to_be_unique", column_list=["id", "kind"]),
        sql="insert into marts.things from marts.things where id = 't1'",
    )
    assert {each.rule_id: each.keys for each in summary.failed_critical} == {
        "A-2": ("id=t1",),
        "A-3": ("id=t1",),
        "A-4": ("id=t1, kind=a",),
    }


def test_a_query_may_name_the_batch_twice_and_give_it_aliases(run: Run) -> None:
    summary = run(
        rule(
            "A-3",
            QUERY,
            unexpected_rows_query="select t.id from {batch} as t inner join {batch} as other on other.id = t.id where t.id = 't2'",
        )
    )
    assert [each.keys for each in summary.failed_critical] == [("id=t2",)]


def test_personal_values_are_in_no_message_row_or_document(run: Run, tmp_path: Path) -> None:
    summary = run(
        rule("A-3", IN_SET, column="email", value_set=["nobody"]),
        rule("A-4", "expect_column_values_to_be_unique", column="email"),
        rule(
            "A-5", QUERY, unexpected_rows_query="select id, email, cast(email as int) as number from {batch} where cast(email as int) > 0"
        ),
        rule("A-6", QUERY, unexpected_rows_query="select email as id from {batch} where email is not null"),
        rule("A-7", QUERY, unexpected_rows_query="select strptime(email, '%d') as day from {batch}"),
        sql="update marts.things set email = 'jane@doe.example' where id = 't2'",
    )
    assert [each.rule_id for each in summary.failed_critical] == ["A-3", "A-4", "A-5", "A-6", "A-7"]
    assert summary.failed_critical[3].keys == ("id=(hidden)",)
    kept = "".join(path.read_text() for path in (tmp_path / "run" / DOCUMENTS).rglob("*.json"))
    for place in (str(summary.failed_critical), str(summary.rows), kept):
        assert "doe.example" not in place
    assert "A-3" in kept


def test_the_query_of_a_rule_runs_once(run: Run) -> None:
    """Great Expectations counts the rows, and would fetch them as well to throw them away."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        summary = run(rule("A-3", QUERY, unexpected_rows_query="select id from {batch} where id = 'only-here'"))
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert summary.failed_critical == []
    assert len([statement for statement in said if "only-here" in statement]) == 1


def test_declared_codes_are_shown_and_cannot_become_a_tag(run: Run, tmp_path: Path) -> None:
    run(
        rule("A-3", IN_SET, column="kind", value_set=["a"], meta={"show_values": True}),
        rule("A-4", IN_SET, column="kind", value_set=["a", "c"]),
        sql="update marts.things set kind = '<script>x</script>' where id = 't3'",
    )
    document = json.loads((tmp_path / "run" / DOCUMENTS / "marts" / "things.json").read_text())
    results = {each["expectation_config"]["meta"]["rule"]: each["result"] for each in document["result"]["results"]}
    assert results["A-3"]["partial_unexpected_list"] == ["\u2039script\u203ax\u2039/script\u203a"]
    assert "partial_unexpected_list" not in results["A-4"]


def test_a_rule_that_cannot_be_evaluated_blocks_whatever_its_severity(run: Run) -> None:
    summary = run(rule("A-3", IN_SET, "warning", column="colour", value_set=["a"]))
    assert summary.failed_warnings == []
    assert [(each.rule_id, each.severity) for each in summary.failed_critical] == [("A-3", "critical")]
    assert 'could not be evaluated (Error: The column "colour"' in summary.failed_critical[0].found


def test_an_entity_that_no_source_gives_is_skipped_with_a_notice(run: Run, tmp_path: Path) -> None:
    summary = run(when_source_given="refunds", sql="delete from marts.things")
    assert (summary.checks, summary.failed_critical) == (0, [])
    assert summary.notices == ["marts.things was not checked at 'marts': no source gives refunds"]
    assert duckdb.sql(f"select count(*) from '{tmp_path}/run/validation_results/marts.parquet'").fetchone() == (0,)


def test_an_entity_that_a_source_gives_is_checked_and_may_not_be_empty(run: Run) -> None:
    summary = run(when_source_given="orders", sql="delete from marts.things")
    assert [each.rule_id for each in summary.failed_critical] == ["A-1"]
    assert summary.notices == []


@pytest.mark.parametrize("fails", [False, True])
def test_the_file_is_released_for_the_next_writer(run: Run, warehouse: Path, fails: bool, capfd: pytest.CaptureFixture[str]) -> None:
    threads = threading.active_count()
    run(rule("A-3", IN_SET, column="kind", value_set=["a" if fails else "b", "a"]))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table marts.later as select 1 as one")
    run()
    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("select one from marts.later").fetchone() == (1,)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
    assert threading.active_count() == threads


def test_the_file_is_released_after_an_error(warehouse: Path, write_suites: Callable[..., Path], tmp_path: Path) -> None:
    root = write_suites({"marts/missing": suite(*guards(), table="marts.missing")})
    with pytest.raises(GoodwillError, match=r"missing\.yml: there is no table marts\.missing in the warehouse"):
        validate(warehouse, "marts", run_id="night", as_of=AS_OF, out_dir=tmp_path, expectations_dir=root)
    duckdb.connect(str(warehouse)).execute("create table marts.later as select 1").close()


def test_a_landed_view_is_asked_once_and_for_what_rules_read_only(
    warehouse: Path,
    write_suites: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "create schema landed; create view landed.things as select id, error('asked for more') as other from marts.things"
        )
    held: list[list[tuple[str, str]]] = []
    hold = Reading.hold

    def watch(self: Reading, table: str, words: set[str]) -> None:
        hold(self, table, words)
        held.append(
            [
                (row[0], row[1])
                for row in self.query(
                    "select table_type, column_name from information_schema.columns inner join information_schema.tables "
                    "using (table_catalog, table_schema, table_name) where table_schema = 'landed' and table_catalog <> 'warehouse'"
                )
            ]
        )

    monkeypatch.setattr(Reading, "hold", watch)
    root = write_suites({"landed/things": suite(*guards(), table="landed.things")})
    summary = validate(warehouse, "landed", run_id="night", as_of=AS_OF, out_dir=tmp_path, expectations_dir=root)
    assert (summary.checks, summary.failed_critical) == (2, [])
    assert held == [[("BASE TABLE", "id")]]


@pytest.mark.parametrize(
    "run_id", ["20261121T235355-5192", "20261121T235355-da9f", "20261121T235355-0000", "2026-11-21", "1", "second try"]
)
def test_a_run_may_be_called_anything(run_id: str, warehouse: Path, write_suites: Callable[..., Path], tmp_path: Path) -> None:
    """Great Expectations takes a name that it can read as a moment for one, and fails where the moment cannot be."""
    root = write_suites({"marts/things": suite(*guards())})
    summary = validate(warehouse, "marts", run_id=run_id, as_of=AS_OF, out_dir=tmp_path, expectations_dir=root)
    assert (summary.checks, summary.rows[0]["run_id"]) == (2, run_id)
    assert build_data_docs(tmp_path, tmp_path / "site").is_file()


def test_no_warehouse_is_said_so(write_suites: Callable[..., Path], tmp_path: Path) -> None:
    root = write_suites({"marts/things": suite(*guards())})
    with pytest.raises(GoodwillError, match="no warehouse to validate"):
        validate(tmp_path / "none.duckdb", "marts", run_id="night", as_of=AS_OF, out_dir=tmp_path, expectations_dir=root)


def test_a_rule_that_great_expectations_loses_is_noticed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rules alike but for their id are one to Great Expectations; it must not pass as two."""
    import great_expectations as gx

    whole = gx.ExpectationSuite

    def lossy(*, expectations: list[object], **rest: object) -> object:
        return whole(expectations=expectations[:-1], **rest)

    monkeypatch.setattr(gx, "ExpectationSuite", lossy)
    with pytest.raises(GoodwillError, match=r"things\.yml: Great Expectations took 2 of 3 rules"):
        run(rule("A-3", IN_SET, column="kind", value_set=["a", "b"]))


def test_the_projects_own_suites_cover_every_boundary() -> None:
    found = {
        boundary: [each.table for each in load_suites(boundary=boundary)]
        for boundary in ("landed", "staged", "marts", "clv", "segments", "published")
    }
    assert {"landed.orders", "landed.order_lines", "landed.contacts"} <= set(found["landed"])
    assert {"staging.reconciliation", "staging.quarantine", "staging.stg_orders"} <= set(found["staged"])
    assert found["clv"] == ["model.clv_runs", "model.clv_scores"]
    assert found["segments"] == ["model.segment_assignments"]
    assert {"marts.dim_customers", "marts.clv_customers", "marts.segments"} <= set(found["published"])
    assert gx_run.__all__
