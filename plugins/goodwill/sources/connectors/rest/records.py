"""From an answer to flat rows of text: numbers with every digit they were written with, nested objects as dotted columns."""

from __future__ import annotations

import json
from typing import Any

from goodwill.sources.connectors.protocol import ROW_PLUMBING

__all__ = ["Number", "Row", "at", "flat", "read_json", "written"]

#: A record as columns; or, where it is no record, `(what is wrong, the raw text)`.
Row = dict[str, str | None] | tuple[str, str]


class Number(str):
    """A JSON number as it is written: never a float."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object names {next(name for name in names if names.count(name) > 1)!r} twice")
    return found


def read_json(body: bytes, encoding: str) -> Any:
    """The document in `body`.

    Raises
    ------
    ValueError : it is not JSON, or not text in `encoding`, or ambiguous.
    """
    try:
        text = body.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii", "us-ascii") else encoding)
        return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except LookupError:
        raise ValueError(f"its encoding {encoding!r} is unknown") from None


def at(document: Any, place: str) -> Any:
    """What stands at a dotted place (`data.items`, `0` counts in a list); `KeyError` where nothing does."""
    here = document
    for name in place.split(".") if place else ():
        if isinstance(here, list) and name.isdigit() and int(name) < len(here):
            here = here[int(name)]
        elif isinstance(here, dict) and name in here:
            here = here[name]
        else:
            raise KeyError(name)
    return here


def written(value: Any) -> str:
    """A value as JSON text, its numbers as they came."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _scalar(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return written(value)


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
        row[column] = _scalar(value) if value != {} else None


def flat(record: Any) -> Row:
    """A record as one row: `{"customer": {"id": 7}}` is the column `customer.id`; a list stays JSON text; an empty object is nothing."""
    if not isinstance(record, dict):
        return f"not an object but {_kind(record)}", _printable(written(record))
    row: dict[str, str | None] = {}
    try:
        _spread(record, "", row)
        taken = sorted(set(row) & set(ROW_PLUMBING))
        if taken:
            raise ValueError(f"reserved names: {', '.join(taken)}")
        text = "".join(value for value in row.values() if value)
        if "\0" in text:
            raise ValueError("a NUL character")
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)", _printable(written(record))
    except ValueError as error:
        return str(error), _printable(written(record))
    return row


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "true or false", Number: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "something else")


def _printable(text: str) -> str:
    """JSON text that any file can hold: what is no character is escaped."""
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()
