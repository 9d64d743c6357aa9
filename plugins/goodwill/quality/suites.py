"""Suites of rules, read from reviewed YAML files: one file per table, one folder per boundary.

Whatever could make a rule pass without checking is refused here, before Great Expectations sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.quality.catalogue import BOUNDARIES, TYPES
from goodwill.quality.redaction import PERSONAL_COLUMNS
from goodwill.quality.rule_arguments import column_of, problems_of_arguments

__all__ = ["EXPECTATIONS_DIR", "Rule", "Severity", "Suite", "load_suites"]

Severity = Literal["critical", "warning"]

#: The project's own rules, beside `plugins/`.
EXPECTATIONS_DIR = Path(__file__).resolve().parents[3] / "expectations"

#: The loader in C where there is one: ten times as fast, and the suites are read at each of six boundaries.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SUITE_KEYS = {"table", "description", "key", "expectations"}
_SUITE_OPTIONS = {"when_source_given"}
_RULE_KEYS = {"type", "kwargs", "severity", "description", "meta"}
_META_KEYS = {"rule", "why"}
_META_OPTIONS = {"checks", "remedy", "show_values"}
_CHECKS = ("row_count", "key")


@dataclass(frozen=True)
class Rule:
    """One expectation, with what an auditor needs to judge it. `checks` says whether it guards the row count or the key."""

    rule_id: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    description: str
    why: str
    checks: str | None = None
    remedy: str = ""
    show_values: bool = False

    @property
    def column(self) -> str | None:
        return column_of(self.kwargs)


@dataclass(frozen=True)
class Suite:
    """The rules of one table at one boundary. `key` names the columns that identify a row, also in messages."""

    boundary: str
    table: str
    key: tuple[str, ...]
    description: str
    when_source_given: str | None
    rules: tuple[Rule, ...]
    file: Path

    @property
    def words(self) -> set[str]:
        """Every word in the key and in the arguments of the rules: all the columns they read are among them."""
        arguments = " ".join(str(value) for rule in self.rules for value in rule.kwargs.values())
        return {*self.key, *re.findall(r"\w+", arguments)}

    @property
    def schema_name(self) -> str:
        return self.table.split(".")[0]

    @property
    def table_name(self) -> str:
        return self.table.split(".")[1]


def load_suites(expectations_dir: Path | None = None, boundary: str | None = None) -> tuple[Suite, ...]:
    """The suites of a boundary, or all of them; every file is read and checked either way.

    Raises
    ------
    ConfigurationError : naming each file and rule that cannot be used as it is, all at once.
    """
    root = expectations_dir or EXPECTATIONS_DIR
    if boundary is not None and boundary not in BOUNDARIES:
        raise ConfigurationError(f"unknown boundary {boundary!r}", f"use one of {', '.join(BOUNDARIES)}")
    if not root.is_dir():
        raise ConfigurationError(f"{root}: there is no folder of expectations", "restore the project's expectations/ folder")
    problems: list[str] = []
    suites: list[Suite] = []
    where_rule: dict[str, str] = {}
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        place = file.relative_to(root).as_posix()
        if file.suffix != ".yml" or file.parent.parent != root or file.parent.name not in BOUNDARIES:
            problems.append(f"{place}: not a suite; suites are <boundary>/<table>.yml with a boundary of {', '.join(BOUNDARIES)}")
            continue
        suite, found = _suite(file, place)
        problems += found
        if suite is None:
            continue
        for rule in suite.rules:
            if rule.rule_id in where_rule:
                problems.append(f"{place}: rule {rule.rule_id} is already used in {where_rule[rule.rule_id]}")
            where_rule.setdefault(rule.rule_id, place)
        suites.append(suite)
    if problems:
        raise ConfigurationError(
            "expectations cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems),
            "correct the suites named above; nothing was validated",
        )
    chosen = tuple(suite for suite in suites if boundary in (None, suite.boundary))
    if not chosen:
        raise ConfigurationError(f"{root}: no suite for {boundary or 'any boundary'}", "an empty gate lets everything through: add one")
    return chosen


def _suite(file: Path, place: str) -> tuple[Suite | None, list[str]]:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - one of the two safe loaders
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return None, [f"{place}: not readable as YAML: {error}"]
    if not isinstance(data, dict):
        return None, [f"{place}: holds no mapping"]
    if problems := _key_problems(place, data, _SUITE_KEYS, _SUITE_OPTIONS):
        return None, problems
    key = data["key"]
    if not isinstance(key, list) or not key or not all(isinstance(column, str) for column in key):
        problems.append(f"{place}: key must be a list of column names")
    elif personal := sorted(PERSONAL_COLUMNS.intersection(key)):
        problems.append(f"{place}: key holds the personal column {personal[0]}: keys are shown in messages")
    table = data["table"]
    if not isinstance(table, str) or table.count(".") != 1 or table.split(".")[1] != file.stem:
        problems.append(f"{place}: table must be <schema>.{file.stem}, as the file is named; it is {table!r}")
    entity = data.get("when_source_given")
    if entity is not None and entity not in ENTITIES:
        problems.append(f"{place}: when_source_given names no source entity: {entity!r}")
    if not isinstance(data["expectations"], list) or not data["expectations"]:
        problems.append(f"{place}: no expectations")
    if problems:
        return None, problems
    rules: list[Rule] = []
    for position, item in enumerate(data["expectations"], start=1):
        rule, found = _rule(item, f"{place}, expectation {position}")
        problems += found
        if rule is not None:
            rules.append(rule)
    suite = Suite(file.parent.name, table, tuple(key), _sentence(data["description"]), entity, tuple(rules), file)
    problems += _missing_guards(suite, place) if not problems else []
    return (None if problems else suite), problems


def _rule(item: Any, place: str) -> tuple[Rule | None, list[str]]:
    if not isinstance(item, dict):
        return None, [f"{place}: holds no mapping"]
    meta = item.get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("rule"), str):
        place = f"{place} ({meta['rule']})"
    if problems := _key_problems(place, item, _RULE_KEYS, set()):
        return None, problems
    if not isinstance(meta, dict):
        return None, [f"{place}: meta must hold rule and why"]
    problems = _key_problems(f"{place}, meta", meta, _META_KEYS, _META_OPTIONS)
    if item["severity"] not in get_args(Severity):
        problems.append(f"{place}: severity must be critical or warning, not {item['severity']!r}")
    if meta.get("checks") not in (None, *_CHECKS):
        problems.append(f"{place}: meta.checks must be one of {', '.join(_CHECKS)}")
    if not isinstance(meta.get("show_values", False), bool):
        problems.append(f"{place}: meta.show_values must be true or false")
    kwargs = item["kwargs"] if isinstance(item["kwargs"], dict) else {}
    problems += [f"{place}: {text}" for text in problems_of_arguments(str(item["type"]), item["kwargs"], meta)]
    if problems:
        return None, problems
    return Rule(
        rule_id=str(meta["rule"]),
        type=item["type"],
        kwargs=kwargs,
        severity=item["severity"],
        description=_sentence(item["description"]),
        why=_sentence(meta["why"]),
        checks=meta.get("checks"),
        remedy=_sentence(meta.get("remedy", "")),
        show_values=bool(meta.get("show_values", False)),
    ), []


def _key_problems(place: str, data: dict[Any, Any], required: set[str], optional: set[str]) -> list[str]:
    missing = sorted(key for key in required if data.get(key) in (None, "") or str(data[key]).isspace())
    unknown = sorted(str(key) for key in data if key not in required | optional)
    return [f"{place}: {key} is missing" for key in missing] + [f"{place}: unknown key {key!r}" for key in unknown]


def _missing_guards(suite: Suite, place: str) -> list[str]:
    """An empty table passes every rule on its values, and an all-null column passes every range: so both guards are compulsory."""
    checks = {rule.checks or TYPES[rule.type].checks for rule in suite.rules}
    problems = []
    if "row_count" not in checks:
        problems.append(f"{place}: no rule on the row count: an empty table would pass")
    unique = {
        tuple(rule.kwargs.get("column_list", [rule.kwargs.get("column")])) for rule in suite.rules if TYPES[rule.type].checks == "key"
    }
    not_null = {rule.kwargs["column"] for rule in suite.rules if rule.type == "expect_column_values_to_not_be_null"}
    whole_key = {tuple(sorted(columns)) for columns in unique} >= {tuple(sorted(suite.key))} and not_null >= set(suite.key)
    if "key" not in {rule.checks for rule in suite.rules} and not whole_key:
        problems.append(f"{place}: no rule on the key {', '.join(suite.key)}: it must be unique and never null")
    return problems


def _sentence(text: Any) -> str:
    """A text folded over several lines of YAML, as one line."""
    return " ".join(str(text).split())
