"""What a column's name may mean: names made alike, and compared with the bank of synonyms."""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import Literal

from goodwill.sources.presets import read_synonyms

__all__ = ["Kinship", "kinship", "normal", "speaks_for"]

Kinship = Literal["sure", "unsure", "near"]


def normal(name: str) -> str:
    """Small letters, no accents, words apart: `InvoiceNo`, `invoice_no` → `invoice no`; `N° Commande` → `n commande`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(mark))
    return re.sub(r"[^a-z0-9]+", " ", plain.lower()).strip()


def kinship(name: str, entity: str, column: str) -> Kinship | None:
    """How a source's column (its normal name) is akin to a column of an entity."""
    bank = read_synonyms()[entity]
    sure, unsure = bank.get(column, ()), bank.get(f"{column}?", ())
    if name in sure or name == column.replace("_", " "):
        return "sure"
    if name in unsure:
        return "unsure"
    close = difflib.get_close_matches(name, [each for each in (*sure, *unsure) if len(each) > 5], n=1, cutoff=0.9)
    return "near" if close else None


def speaks_for(stem: str, entity: str) -> bool:
    """Whether a file's name speaks for an entity: `AdventureWorks_Sales_2016` for the orders."""
    words = f" {normal(stem)} "
    return any(f" {hint} " in words for hint in read_synonyms()[entity]["files"])
