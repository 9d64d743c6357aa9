"""What a column's name may mean: names made alike, and compared with the bank of synonyms."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from goodwill.sources.presets import read_synonyms

__all__ = ["Kinship", "kinship", "meant", "normal", "speaks_for"]

Kinship = Literal["sure", "unsure", "near"]


def normal(name: str) -> str:
    """Small letters, no accents, words apart: `InvoiceNo`, `invoice_no` → `invoice no`; `N° Commande` → `n commande`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(mark))
    return re.sub(r"[^a-z0-9]+", " ", plain.lower()).strip()


def meant(columns: Iterable[str]) -> tuple[dict[str, str], str]:
    """Column → its normal name, as it is meant beside the others; and what most of them begin with (`Person - Email`, `Person - Phone`).

    What they all begin with says what the file is about, not what a column is. Some names mean something else beside certain others.
    """
    columns = list(columns)
    first = Counter(column.split(" - ")[0] for column in columns if " - " in column).most_common(1)
    shared = first[0][0] if first and 3 * first[0][1] > 2 * len(columns) else ""
    names = {column: normal(column.removeprefix(f"{shared} - ") if shared else column) for column in columns}
    there = set(names.values())
    for name, rule in read_synonyms()["beside"].items():
        if there & set(rule["columns"]):
            names |= {column: rule["means"] for column, each in names.items() if each == name}
    return names, normal(shared)


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
