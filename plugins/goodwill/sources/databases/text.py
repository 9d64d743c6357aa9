"""Values of any database driver as text, exactly: what a source of text holds."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

__all__ = ["as_text"]


def _number(value: float | Decimal) -> str:
    """Plain digits; a float by the shortest text that means it, whole ones without a point."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    text = format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")
    return text.removesuffix(".0") if isinstance(value, float) else text


def as_text(value: Any) -> str | None:
    """`value` as text; nothing is rounded. Bytes are written in hexadecimal."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
