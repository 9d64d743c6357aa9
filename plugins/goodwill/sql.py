"""Quoting for generated SQL: the only way a name or a value from configuration or a file gets into a statement."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["column_key", "identifier", "literal", "literals"]

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def column_key(name: str) -> str:
    """The name of a column as the database compares it: `A` and `a` are one letter, `É` and `é` are two."""
    return name.strip().translate(_LOWER)


def identifier(name: str) -> str:
    """`name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """`value` as a SQL literal; text is quoted, `None` is null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """A comma-separated list of literals."""
    return ", ".join(literal(value) for value in values)
