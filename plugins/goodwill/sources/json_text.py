"""JSON as rows of text, wherever it comes from: numbers with every digit they were written with, nested objects as dotted columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Number", "elements", "read_json", "spread", "written"]


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


#: Where an element ends, whatever is in it: what it says is read apart.
_FINDER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"[ \t\r\n]*")


def elements(text: str) -> Iterator[tuple[int, str]]:
    """The elements of an array that is a whole document, one after the other: the place each begins at, and its text.

    Raises
    ------
    ValueError : it is not one whole array.
    """

    def behind_blanks(place: int) -> int:
        match = _BLANK.match(text, place)
        return match.end() if match else place

    place = behind_blanks(0)
    if text[place : place + 1] != "[":
        raise ValueError("it does not begin with [")
    place = behind_blanks(place + 1)
    while text[place : place + 1] != "]":
        try:
            _, end = _FINDER.raw_decode(text, place)
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        yield place, text[place:end]
        place = behind_blanks(end)
        if text[place : place + 1] == ",":
            place = behind_blanks(place + 1)
            if text[place : place + 1] != "]":
                continue
            raise ValueError("a comma before its end")
        if text[place : place + 1] != "]":
            raise ValueError(f"it ends, or goes on without a comma, after {place:,} characters")
    if behind_blanks(place + 1) < len(text):
        raise ValueError("something stands behind its end")


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
