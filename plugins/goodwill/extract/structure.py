"""The structure of a part against its mapping: which columns it has, which it would need, and what the likeliest slip is."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from goodwill.entities import ENTITIES
from goodwill.errors import SourceError, plain
from goodwill.extract.mapping import Mapper
from goodwill.sources import Source
from goodwill.sql import column_key

__all__ = ["check_columns", "mappers", "unsaid"]

#: Columns that an entity can do without, and what their absence does to the rows.
_UNSAID = {
    "updated_at": "rows of the same key that have one are heard over these",
    "deleted_at": "nothing in it is said to be deleted",
    "merged_into": "nobody in it is said to be merged",
    "status": "no order in it is said to be cancelled",
}

#: How much of two names is the same where one may be a slip of the other, or its new name.
_ALIKE = 0.7


def mappers(source: Source, columns: dict[str, str], zone: str, whole: Mapping[str, int] | None = None) -> dict[str, Mapper]:
    """Entity → its mapper for a part with these columns; `whole` are those that hold whole numbers in one of the source's batches."""
    types = {column_key(name): sql_type for name, sql_type in columns.items()}
    return {
        name: Mapper(source, ENTITIES[name], mapping, types, source.time_zone or zone, whole or {})
        for name, mapping in source.entities.items()
    }


def check_columns(
    source: Source, part: str, mapped: dict[str, Mapper], columns: dict[str, str], before: Sequence[Collection[str]] = ()
) -> None:
    """Refuse a part that lacks a column the mapping reads; the remedy names the likeliest slip.

    `before` are the columns of each batch of the source, in order. A column that it had, that its entity can do without, and that is gone is no
    reason to stop: it is a change of the structure; unless a new one is called nearly so, or stands in its place: that may be it.
    """
    had = {column_key(name) for each in before for name in each}
    new = [name for name in columns if column_key(name) not in had]
    for entity, mapper in mapped.items():
        spared = {name for name in mapper.spared_columns() if column_key(name) in had and not _may_be(name, new, list(columns), before)}
        missing = [name for name in mapper.missing_columns() if name not in spared]
        if missing:
            may_go = [name for name in missing if name in mapper.spared_columns()]
            spare = f"; a column that is gone for good is mapped with 'optional: true' ({', '.join(may_go)})" if may_go and had else ""
            raise SourceError(
                f"source {source.name!r}: {part}: no column {', '.join(map(repr, missing))}, which the mapping of "
                f"{entity} reads; there are: {plain(', '.join(columns)) or 'no columns'}",
                _likely_slip(missing, list(columns), had)
                + f"mend the mapping of {source.name!r} in sources.yml, or the header at the source{spare}",
            )


def _may_be(gone: str, new: list[str], columns: list[str], before: Sequence[Collection[str]]) -> bool:
    """Whether one of the new columns may be the one that is gone: called nearly so, or right behind the same column as it was."""
    if difflib.get_close_matches(gone.lower(), [name.lower() for name in new], n=1, cutoff=_ALIKE):
        return True
    was = next(list(each) for each in reversed(before) if column_key(gone) in {column_key(name) for name in each})
    place = next(number for number, name in enumerate(was) if column_key(name) == column_key(gone))
    stayed = {column_key(name) for name in was} & {column_key(name) for name in columns}
    behind = next((column_key(name) for name in reversed(was[:place]) if column_key(name) in stayed), None)
    for name in new:
        left = (column_key(each) for each in reversed(columns[: columns.index(name)]))
        if next((each for each in left if each in stayed), None) == behind:
            return True
    return False


def unsaid(mapped: dict[str, Mapper]) -> tuple[str, ...]:
    """`UNSAID` for each mapped column that is gone and whose absence changes what the other rows mean."""
    return tuple(
        f"UNSAID: no column {name!r}: {_UNSAID[column]}"
        for mapper in mapped.values()
        for column, how in mapper.mapping.columns.items()
        if column in _UNSAID and not how.optional
        for name in sorted(how.missing(mapper.types))
    )


def _likely_slip(missing: list[str], columns: list[str], had: set[str]) -> str:
    """A whole header taken for one name is a wrong delimiter; a name almost like another is a renamed column."""
    if len(columns) == 1:
        mark = next((mark for mark in (";", "\t", "|", ",") if mark in columns[0]), None)
        return f"the header looks separated by {mark!r}: set 'delimiter' to it; or " if mark else ""
    by_lower = {name.lower(): name for name in columns if column_key(name) not in had}
    pairs = [(name, difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=_ALIKE)) for name in missing]
    guesses = [f"{name!r} may now be {by_lower[close[0]]!r}" for name, close in pairs if close]
    if had and by_lower and not guesses:
        guesses = [f"new in it: {', '.join(map(repr, by_lower.values()))}"]
    return f"{'; '.join(guesses)}: " if guesses else ""
