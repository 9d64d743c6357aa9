"""What may leave the warehouse in a message, a result file or a page: counts, codes and keys, never a person's data."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["PERSONAL_COLUMNS", "inert", "redacted_result", "safe_key"]

#: Columns that tell something about a person. A key may not contain one, and their values are never shown.
PERSONAL_COLUMNS = frozenset(
    {
        "contact_ref",
        "email",
        "phone",
        "first_name",
        "last_name",
        "company",
        "postcode",
        "city",
        "country",
        "birth_year",
        "referred_by",
        "referral_code",
        "owner",
        "address_fingerprint",
        "payment_fingerprint",
        "text_ref",
        "coupon_code",
        "value",
        "raw_row",
        "_raw",
        "_problems",
    }
)

#: The parts of a Great Expectations result that hold values found in the data.
_VALUES = (
    "partial_unexpected_list",
    "partial_unexpected_counts",
    "partial_unexpected_index_list",
    "unexpected_list",
    "unexpected_index_list",
    "unexpected_index_query",
    "unexpected_rows",
)

#: Letters, digits and the signs ids are made of: no space, no `@`, no leading `+`, so neither a name, an address nor a telephone number.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/#|-]{0,79}")

_HIDDEN = "(hidden)"


def safe_key(value: Any) -> str:
    """A key as a message may show it: an id whole, anything that could be a name, an address or a number to call hidden."""
    if value is None:
        return "null"
    text = str(value)
    return text if _IDENTIFIER.fullmatch(text) else _HIDDEN


def inert(value: Any) -> Any:
    """The same structure with every text made harmless in a page: angle brackets become their look-alikes.

    Escaping would be undone or doubled by one of the renderer's many paths; a text without brackets cannot become a tag on any.
    """
    if isinstance(value, str):
        return value.replace("<", "\u2039").replace(">", "\u203a")
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [inert(item) for item in value]
    return value


def redacted_result(result: dict[str, Any], *, show_values: bool) -> dict[str, Any]:
    """One expectation's result without values from the data, unless its rule declares them harmless (`show_values`).

    The trace of an error goes too: it quotes the statement and, at times, the value that broke it.
    """
    kept = dict(result)
    found = {key: item for key, item in (kept.get("result") or {}).items() if show_values or key not in _VALUES}
    found.pop("details", None)
    kept["result"] = found
    kept["exception_info"] = {
        "raised_exception": bool(result.get("exception_info", {}).get("raised_exception", False)),
        "exception_message": None,
        "exception_traceback": None,
    }
    return kept
