"""The loader refuses whatever could make a rule pass without checking, and says which file and rule."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from goodwill.errors import ConfigurationError
from goodwill.quality import load_suites
from goodwill.quality.catalogue import REFUSED, TYPES

from tests.unit.quality.conftest import guards, rule, suite

QUERY = "unexpected_rows_expectation"


def _without(key: str, **changes: Any) -> dict[str, Any]:
    broken = rule("A-3", "expect_column_values_to_not_be_null", column="kind") | changes
    broken.pop(key, None)
    return broken


def test_a_good_suite_is_read_with_its_sentences_on_one_line(write_suites: Callable[..., Path]) -> None:
    root = write_suites(
        {
            "marts/things": suite(*guards(), rule("A-3", "expect_column_values_to_be_between", column="amount", min_value=0))
            | {"description": "Things\nover two lines."}
        }
    )
    (found,) = load_suites(root, "marts")
    assert (found.table, found.key, found.description) == ("marts.things", ("id",), "Things over two lines.")
    assert [(each.rule_id, each.column) for each in found.rules] == [("A-1", None), ("A-2", None), ("A-3", "amount")]
    assert {"id", "amount"} <= found.words


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown type": (
        rule("A-3", "expect_column_to_be_nice", column="kind"),
        r"\(A-3\): unknown expectation type 'expect_column_to_be_nice'",
    ),
    "type that fails on DuckDB": (
        rule("A-3", "expect_column_values_to_match_regex", column="kind", regex="a"),
        r"\(A-3\).*refused.*regexp_matches",
    ),
    "unknown key": (_without("") | {"priority": 1}, r"\(A-3\): unknown key 'priority'"),
    "no severity": (_without("severity"), r"\(A-3\): severity is missing"),
    "wrong severity": (_without("") | {"severity": "info"}, r"\(A-3\): severity must be critical or warning, not 'info'"),
    "no description": (_without("description"), r"\(A-3\): description is missing"),
    "blank description": (_without("") | {"description": "  "}, r"\(A-3\): description is missing"),
    "no rule id": (_without("") | {"meta": {"why": "x"}}, r"meta: rule is missing"),
    "no why": (_without("") | {"meta": {"rule": "A-3"}}, r"\(A-3\), meta: why is missing"),
    "unknown meta": (_without("") | {"meta": {"rule": "A-3", "why": "x", "owner": "y"}}, r"\(A-3\), meta: unknown key 'owner'"),
    "unknown argument": (rule("A-3", "expect_column_values_to_not_be_null", column="kind", mostli=0.9), r"unknown argument 'mostli'"),
    "missing argument": (rule("A-3", "expect_column_values_to_be_in_set", column="kind"), r"kwargs: value_set is missing"),
    "range without ends": (rule("A-3", "expect_column_values_to_be_between", column="amount"), r"at least one of max_value, min_value"),
    "mostly nothing": (rule("A-3", "expect_column_values_to_not_be_null", column="kind", mostly=0), r"mostly must be a share above 0"),
    "query over another table": (rule("A-3", QUERY, unexpected_rows_query="select id from marts.things"), r"must read \{batch\}"),
    "single braces": (
        rule("A-3", QUERY, unexpected_rows_query="select id from {batch} where regexp_matches(id, 'a{2}')"),
        r"double a brace",
    ),
    "open brace": (rule("A-3", QUERY, unexpected_rows_query="select id from {batch"), r"double a brace"),
    "query of all columns": (rule("A-3", QUERY, unexpected_rows_query="select t.* from {batch} as t"), r"must select key columns, not \*"),
    "query with a with clause": (
        rule("A-3", QUERY, unexpected_rows_query="with x as (select id from {batch}) select id from x"),
        r"begin with select",
    ),
    "values of a person": (
        rule("A-3", "expect_column_values_to_not_be_null", meta={"show_values": True}, column="email"),
        r"without personal data",
    ),
    "guard on a column type": (
        rule("A-3", "expect_column_values_to_not_be_null", meta={"checks": "key"}, column="id"),
        r"meta.checks is for unexpected_rows",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_rule_is_refused(case: str, write_suites: Callable[..., Path]) -> None:
    bad, message = REFUSALS[case]
    root = write_suites({"marts/things": suite(*guards(), bad)})
    with pytest.raises(ConfigurationError) as error:
        load_suites(root)
    assert re.search(rf"marts/things\.yml, expectation 3.*{message}", error.value.message), error.value.message
    assert error.value.remedy


HEADERS: dict[str, tuple[Any, str]] = {
    "no key": (suite(*guards(), key=[]), r"key must be a list"),
    "personal key": (suite(*guards(), key=["email"]), r"personal column email"),
    "other table": (suite(*guards(), table="marts.others"), r"table must be <schema>.things"),
    "unknown entity": (suite(*guards(), when_source_given="wishes"), r"no source entity: 'wishes'"),
    "unknown key": (suite(*guards(), owner="me"), r"unknown key 'owner'"),
    "no expectations": (suite(), r"no expectations"),
    "no row count": (suite(guards()[1]), r"no rule on the row count: an empty table would pass"),
    "no key rule": (suite(guards()[0]), r"no rule on the key id: it must be unique and never null"),
    "unique but perhaps null": (
        suite(guards()[0], rule("A-2", "expect_column_values_to_be_unique", column="id")),
        r"no rule on the key id",
    ),
    "not YAML": ("table: [", r"not readable as YAML"),
    "not a mapping": ("- 1", r"holds no mapping"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_suite_is_refused(case: str, write_suites: Callable[..., Path]) -> None:
    bad, message = HEADERS[case]
    with pytest.raises(ConfigurationError, match=rf"marts/things\.yml: .*{message}"):
        load_suites(write_suites({"marts/things": bad}))


def test_a_unique_and_not_null_key_is_guard_enough(write_suites: Callable[..., Path]) -> None:
    rules = [
        guards()[0],
        rule("A-2", "expect_column_values_to_be_unique", column="id"),
        rule("A-3", "expect_column_values_to_not_be_null", column="id"),
    ]
    assert len(load_suites(write_suites({"marts/things": suite(*rules)}))) == 1


def test_a_rule_id_is_used_once_over_all_suites(write_suites: Callable[..., Path]) -> None:
    root = write_suites({"marts/things": suite(*guards()), "published/others": suite(*guards(), table="marts.others")})
    with pytest.raises(ConfigurationError, match=r"published/others\.yml: rule A-1 is already used in marts/things\.yml"):
        load_suites(root)


def test_all_problems_are_named_at_once_and_stop_every_boundary(write_suites: Callable[..., Path]) -> None:
    root = write_suites(
        {"marts/things": suite(), "clv/things": suite(*guards("B"), table="model.other"), "landed/x/y": "a: 1", "marts/notes": "- 1"}
    )
    with pytest.raises(ConfigurationError) as error:
        load_suites(root, "published")
    assert [
        place for place in ("marts/things.yml", "clv/things.yml", "landed/x/y.yml", "marts/notes.yml") if place not in error.value.message
    ] == []


def test_an_unknown_boundary_and_an_empty_gate_are_refused(write_suites: Callable[..., Path], tmp_path: Path) -> None:
    root = write_suites({"marts/things": suite(*guards())})
    with pytest.raises(ConfigurationError, match="unknown boundary 'lunch'"):
        load_suites(root, "lunch")
    with pytest.raises(ConfigurationError, match="no suite for clv"):
        load_suites(root, "clv")
    with pytest.raises(ConfigurationError, match="no folder of expectations"):
        load_suites(tmp_path / "nowhere")


def test_every_type_of_the_catalogue_exists_and_takes_its_arguments() -> None:
    from great_expectations.expectations.registry import get_expectation_impl, list_registered_expectation_implementations

    known = set(list_registered_expectation_implementations())
    assert set(TYPES) <= known
    assert set(REFUSED) <= known
    for name, kind in TYPES.items():
        fields = set(get_expectation_impl(name).__fields__)
        assert kind.arguments <= fields | {"ignore_row_if"}, name


def test_reading_suites_does_not_import_great_expectations() -> None:
    code = "import sys; from goodwill.quality import load_suites; load_suites(); print([m for m in ('great_expectations', 'pandas') if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert answer.stdout.strip() == "[]"
