"""What a page may show of a value: nothing personal, nothing endless."""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "looks_personal", "safe_problem", "safe_value"]

HIDDEN = "(personal data, not shown)"
_LONGEST = 80
#: Columns of the entities that tell who somebody is, and the words by which other columns betray that they do.
_PERSONAL = re.compile(
    r"e_?mail|phone|name|company|postcode|city|birth|address|fingerprint|owner|referral_code|referred_by|text_ref|contact_ref"
)
_LOOKS_PERSONAL = re.compile(r"@|\+?\d[\d\s().-]{8,}\d$")
#: Two words in a row are somebody's writing, not a value of a column that ends up on a page.
_WRITTEN = re.compile(r"[^\W\d_]{2,}[,;:]?\s+[^\W\d_]{2,}")
#: A number as amounts are written: one with a plus, or a nought before other digits, is somebody's to call.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)([.,]\d+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


def safe_problem(reason: str, value: object, column: str | None) -> str | None:
    """What a rejected row shows of itself: of one that is not whole, the reader's own words, as far as they quote nothing."""
    if reason == "MALFORMED_ROW" and not column:
        return None if value is None else str(value).partition(":")[0]
    return safe_value(value, column, whole_row=not column)


def safe_value(value: object, column: str | None, *, whole_row: bool = False) -> str | None:
    """`value` as it may be shown, shortened; hidden when its column, or its looks, say that it is about a person.

    Parameters
    ----------
    column : the column it was found in; None when it belongs to no single column.
    whole_row : the value is a row that could not be split, so it may hold anything.
    """
    if value is None:
        return None
    text = str(value)
    if text == "":
        return ""
    if whole_row or _WRITTEN.search(text) or (column and _PERSONAL.search(column.lower())):
        return HIDDEN
    if looks_personal(text):
        return HIDDEN
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def looks_personal(text: str) -> bool:
    """Whether a text looks like an address or a telephone number."""
    return bool(_LOOKS_PERSONAL.search(text)) and not (_PLAIN_NUMBER.fullmatch(text) or _DATE.match(text))
