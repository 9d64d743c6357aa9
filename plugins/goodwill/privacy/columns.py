"""What a column of a table tells of a person, by its name: names mean one thing in every layer, so a new mart is covered without a list."""

from __future__ import annotations

from collections.abc import Iterable

from goodwill.entities import ENTITIES

__all__ = ["PERSONAL", "free_texts", "is_key", "is_personal"]

#: Columns that tell who somebody is, or something of them: those of the entities, and what the identity models make of them.
PERSONAL: frozenset[str] = frozenset(
    column.name for entity in ENTITIES.values() for column in entity.columns if column.about in ("code", "email", "phone", "value")
) | {"email_key", "phone_key", "name_key", "identifier_key", "code_key", "raw_phone", "e164"}

_KEYS = frozenset({"group_id", "person_id", "source_id", "contact_id", "contact_ref", "source_ref", "referred_by", "merged_into"})


def is_key(column: str) -> bool:
    """Whether a column names a person or a contact."""
    return column in _KEYS or column.endswith(("_person_id", "_contact_id", "_group_id"))


def is_personal(column: str) -> bool:
    """Whether a column tells something of a person beside who it is."""
    return column in PERSONAL


def free_texts(columns: Iterable[str]) -> frozenset[str]:
    """Which columns of a table hold what somebody wrote about a person: a word such as `reason` means that only beside the key of its entity."""
    found = set(columns)
    return frozenset(
        column.name
        for entity in ENTITIES.values()
        for column in entity.columns
        if column.about == "text" and column.name in found and found.issuperset(entity.key)
    )
