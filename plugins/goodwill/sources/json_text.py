"""JSON as rows of text, wherever it comes from: numbers with every digit they were written with, nested objects as dotted columns."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["Number", "read_json", "spread", "written"]


class Number(str):
    """A JSON number as it is written: never a float."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object names {next(name for name in names if names.count(name) > 1)!r} twice")
    return found


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object)


def read_json(text: str) -> Any:
    """A document.

    Raises
    ------
    ValueError : it is not JSON, ambiguous, or nested too deep.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def written(value: Any) -> str:
    """A value as JSON text, its numbers as they came."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def spread(record: dict[str, Any]) -> dict[str, str | None]:
    """An object as a row: `{"customer": {"id": 7}}` is the column `customer.id`; a list stays JSON text; an empty object is nothing.

    Raises
    ------
    ValueError : two values for one column, a field without a name, or nested too deep.
    """
    row: dict[str, str | None] = {}
    try:
        _spread(record, "", row)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return row


def _spread(record: dict[str, Any], before: str, row: dict[str, str | None]) -> None:
    for name, value in record.items():
        column = f"{before}{name}"
        if isinstance(value, dict) and value:
            _spread(value, f"{column}.", row)
            continue
        if not name.strip():
            raise ValueError("a field without a name")
        if column in row:
            raise ValueError(f"two values for {column!r}")
        row[column] = None if value is None or value == {} else str(value) if isinstance(value, str) else written(value)
