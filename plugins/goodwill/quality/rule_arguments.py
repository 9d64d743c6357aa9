"""Whether the arguments of a rule would really be checked by the expectation type that gets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from goodwill.quality.catalogue import REFUSED, TYPES, UNEXPECTED_ROWS
from goodwill.quality.redaction import PERSONAL_COLUMNS

__all__ = ["column_of", "problems_of_arguments"]

_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
_SELECTS_ALL = re.compile(r"\bselect\s+(distinct\s+)?(\w+\.)?\*", re.IGNORECASE)


def column_of(kwargs: Mapping[str, Any]) -> str | None:
    """The column, or columns joined by commas, that a rule is about; None where it is about the table."""
    named: list[str] = []
    for argument in _COLUMN_ARGUMENTS:
        value = kwargs.get(argument, [])
        named += value if isinstance(value, list) else [value]
    return ", ".join(named) or None


def problems_of_arguments(type_name: str, kwargs: Any, meta: Mapping[str, Any]) -> list[str]:
    """What is wrong with a rule's type and arguments, as sentences; empty when nothing is."""
    if type_name in REFUSED:
        return [f"{type_name} is refused: {REFUSED[type_name]}"]
    if type_name not in TYPES:
        return [f"unknown expectation type {type_name!r}; known are {', '.join(sorted(TYPES))}"]
    kind = TYPES[type_name]
    if not isinstance(kwargs, dict):
        return ["kwargs must be a mapping"]
    problems = [f"kwargs: {argument} is missing" for argument in sorted(kind.required) if kwargs.get(argument) in (None, "", [])]
    problems += [f"kwargs: unknown argument {argument!r}" for argument in sorted(set(kwargs) - kind.arguments)]
    if kind.at_least_one_of and all(kwargs.get(argument) is None for argument in kind.at_least_one_of):
        problems.append(f"kwargs: give at least one of {', '.join(sorted(kind.at_least_one_of))}, or nothing is checked")
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, (int, float)) or not 0 < mostly <= 1:
        problems.append("kwargs: mostly must be a share above 0 and up to 1")
    if type_name == UNEXPECTED_ROWS:
        problems += _query_problems(str(kwargs.get("unexpected_rows_query", "")))
    elif "checks" in meta:
        problems.append(f"meta.checks is for {UNEXPECTED_ROWS} only: other types say it by their name")
    if meta.get("show_values"):
        columns = set((column_of(kwargs) or "").split(", "))
        if type_name == UNEXPECTED_ROWS or columns & PERSONAL_COLUMNS:
            problems.append("meta.show_values is for columns without personal data only")
    return problems


def _query_problems(query: str) -> list[str]:
    problems = []
    try:
        fields = {name for _, name, _, _ in Formatter().parse(query) if name is not None}
    except ValueError as error:
        return [f"unexpected_rows_query: {error}; double a brace that is meant literally"]
    if fields != {"batch"}:
        problems.append("unexpected_rows_query must read {batch}, and nothing else in braces; double a brace that is meant literally")
    if not query.lstrip().lower().startswith("select"):
        problems.append("unexpected_rows_query must begin with select; put what a with clause would hold into a subquery")
    if _SELECTS_ALL.search(query):
        problems.append("unexpected_rows_query must select key columns, not *: what it returns is shown in messages")
    return problems
