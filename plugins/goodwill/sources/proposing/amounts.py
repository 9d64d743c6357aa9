"""Amounts as people write them (`€ 12,50`, `(3.20)`): the number in them, and what says their currency."""

from __future__ import annotations

import re
from collections.abc import Iterable

from goodwill.sources.currency_signs import CODES, SIGNS

__all__ = ["currencies", "taken_apart"]

_PARTS = re.compile(r"(\D*)(\d(?:[\d.,'\u2019\s]*\d)?)(\D*)")
_AROUND = {"|": "", "+|": "", "-|": "-", "|-": "-", "(|)": "-"}


def taken_apart(value: str) -> tuple[str, frozenset[str]] | None:
    """The number with its sign, and the signs and codes of currencies beside it; `None` where it is no amount.

    Letters that touch a digit are those of a number of something (`R12`), not of a currency.
    """
    match = _PARTS.fullmatch(value.replace("\N{MINUS SIGN}", "-"))
    if match is None:
        return None
    before, number, behind = match.groups()
    around = _AROUND.get(re.sub(r"[^-+()|]", "", f"{before}|{behind}"))
    if around is None or (before and before[-1].isalpha()) or (behind and behind[0].isalpha()):
        return None
    signs = {re.sub(r"[-+()\s]", "", side).upper() for side in (before, behind)} - {""}
    return (around + number, frozenset(signs)) if signs <= {*SIGNS, *CODES} else None


def currencies(signs: Iterable[str]) -> set[str]:
    """The currencies that all these signs and codes may stand for."""
    meant = [set(SIGNS.get(sign, (sign,))) for sign in signs]
    return set.intersection(*meant) if meant else set()
