"""From an answer to flat rows of text: numbers with every digit they were written with, nested objects as dotted columns."""

from __future__ import annotations

from typing import Any

from goodwill.sources import json_text
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sources.json_text import Number, spread, written

__all__ = ["Row", "at", "flat", "read_json"]

#: A record as columns; or, where it is no record, `(what is wrong, the raw text)`.
Row = dict[str, str | None] | tuple[str, str]


def read_json(body: bytes, encoding: str) -> Any:
    """The document in `body`.

    Raises
    ------
    ValueError : it is not JSON, or not text in `encoding`, or ambiguous.
    """
    try:
        text = body.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii", "us-ascii") else encoding)
        return json_text.read_json(text)
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


def flat(record: Any) -> Row:
    """A record as one row: `{"customer": {"id": 7}}` is the column `customer.id`; a list stays JSON text; an empty object is nothing."""
    if not isinstance(record, dict):
        return f"not an object but {_kind(record)}", _printable(written(record))
    try:
        row = spread(record)
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
