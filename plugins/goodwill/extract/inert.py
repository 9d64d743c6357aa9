"""Cells that a spreadsheet would take for a formula, made inert for a file and undone on the way back, exactly."""

from __future__ import annotations

import re

__all__ = ["inert", "undone"]

_FORMULA = re.compile(r"'*[=+@\t\r\n-]")
_NUMBER = re.compile(r"[+-]?\d[\d., ]*")


def inert(value: str) -> str:
    """`value` with an apostrophe before what would start a formula; a plain number, signed or not, is none."""
    return f"'{value}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else value


def undone(value: str) -> str:
    """The value that `inert` was given."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value) else value
