"""What the columns of a text source hold (whole numbers, amounts, days, words), told from a sample, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from goodwill.entities import ENTITIES
from goodwill.sources import Source
from goodwill.sql import column_key, identifier, literal, literals

__all__ = ["Reading", "profile", "readings", "retyped", "unreadable", "whole_columns"]

#: Rows that are looked at: the first of a batch.
SAMPLE = 20_000

#: A kind names a column when so many of its values are of it; below, it is `mixed`, and says nothing.
_SHARE = 0.9
_DAY = r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}/\d{1,2}/\d{1,2})"
_NUMBERS = frozenset({"money", "price", "quantity", "number"})
_KEYS = frozenset({"id", "ref", "text", "integer"})
#: What the kind of padded numbers begins with; their width follows.
_DIGITS = "digits"
_SAYS_NOTHING = frozenset({"empty", "mixed"})
#: Values below which a change may be chance: a day with three rows is no new structure.
_FEW, _MANY = 3, 20
#: Values that would be expected in a column that has none: fewer may be missing by chance (one time in a thousand, exp(-7)).
_EXPECTED = 7


@dataclass(frozen=True)
class Reading:
    """How a source's column is read: by which column of which entity, as which kind, in which declared format."""

    entity: str
    column: str
    kind: str
    declared: bool


def profile(rows: Path, source: Source, columns: dict[str, str]) -> dict[str, str]:
    """Text column → `integer`, `decimal`, `date`, `timestamp`, `text`, `mixed` or `empty`, and how many values that was told from; whole
    numbers that are all written with six digits, leading zeros included, are `digits6`.

    Written `kind:values`, as it stands in the manifest; nothing of a batch without rows.
    """
    texts = [name for name, sql_type in columns.items() if sql_type == "VARCHAR"]
    if not texts:
        return {}
    mark = f"[{source.decimal}]"
    whole = r"[+-]?\d{1,18}" if not source.thousands else rf"[+-]?(\d{{1,3}}([{source.thousands}]\d{{3}})+|\d{{1,18}})"
    patterns = {"integer": whole, "decimal": rf"{whole}{mark}\d+", "date": _DAY, "timestamp": rf"{_DAY}[T ]\d{{1,2}}:\d{{2}}.*"}
    empty = literals({"", *source.null_values})
    counts = []
    for name in texts:
        value = f"trim({identifier(name)})"
        given = f"{identifier(name)} is not null and {value} not in ({empty})"
        counts.append(f"count(*) filter ({given})")
        counts += [f"count(*) filter ({given} and regexp_full_match({value}, {literal(pattern)}))" for pattern in patterns.values()]
        # the width of numbers that begin with zeros, where all have one width
        padded = f"count(*) filter ({given} and starts_with({value}, '0') and strlen({value}) > 1) > 0"
        widths = [f"{end}(strlen({value})) filter ({given})" for end in ("min", "max")]
        counts.append(f"case when {padded} and {widths[0]} = {widths[1]} then {widths[0]} else 0 end")
    sample = f"(select * from read_parquet({literal(str(rows))}) where __malformed is null limit {SAMPLE})"
    with duckdb.connect() as connection:
        sampled, *found = connection.execute(f"select count(*), {', '.join(counts)} from {sample}").fetchone() or (0,)
    if not sampled:
        return {}  # a batch without rows says nothing of its columns
    width = len(patterns) + 2
    return {
        name: _kind(found[place], dict(zip(patterns, found[place + 1 : place + width - 1], strict=True)), found[place + width - 1])
        for name, place in zip(texts, range(0, len(found), width), strict=True)
    }


def _kind(values: int, counts: dict[str, int], digits: int) -> str:
    enough = values * _SHARE
    numbers, times = counts["integer"] + counts["decimal"], counts["date"] + counts["timestamp"]
    if not values:
        kind = "empty"
    elif counts["integer"] >= enough:
        kind = f"{_DIGITS}{digits}" if digits and counts["integer"] == values else "integer"
    elif numbers >= enough:
        kind = "decimal"
    elif counts["date"] >= enough:
        kind = "date"
    elif times >= enough:
        kind = "timestamp"
    elif values - numbers - times >= enough:
        kind = "text"
    else:
        kind = "mixed"
    return f"{kind}:{values}"


def whole_columns(profiles: Iterable[dict[str, str]]) -> dict[str, int]:
    """The columns that hold whole numbers in at least one of the batches → how many digits they all have there, 0 where not all have as many.

    An id `7.0` among them is no other id than `7`, but a slip; so is `7` among `000007`.
    """
    found: dict[str, int] = {}
    for each in profiles:
        for name, said in each.items():
            kind, values = _split(said)
            if _is_whole(kind):
                digits = int(kind.removeprefix(_DIGITS)) if kind != "integer" and values >= _FEW else 0
                had = found.get(column_key(name), 0)
                found[column_key(name)] = min(had, digits) or max(had, digits)
    return found


def _is_whole(kind: str) -> bool:
    return kind == "integer" or kind.startswith(_DIGITS)


def _split(said: str) -> tuple[str, int]:
    kind, _, values = said.partition(":")
    return kind, int(values)


def readings(source: Source) -> dict[str, list[Reading]]:
    """Source column, in small letters → how the mapping reads it."""
    found: dict[str, list[Reading]] = {}
    for entity, mapping in source.entities.items():
        for name in mapping.group_by:
            found.setdefault(column_key(name), []).append(Reading(entity, name, "id", False))
        for column, how in mapping.columns.items():
            if how.hash or how.occurrence:
                continue
            kind = ENTITIES[entity].by_name[column].kind
            declared = bool(how.format or how.translate or how.followed_by or (kind == "timestamp" and source.timestamp_format))
            for name in how.source_columns():
                found.setdefault(column_key(name), []).append(Reading(entity, column, kind, declared))
    return found


def retyped(
    source: Source, before: list[dict[str, str]], after: dict[str, str], rows_before: int, rows_after: int
) -> list[tuple[str, str, str]]:
    """Columns whose content is of another kind than before: `(column, was, is)`.

    An amount that is whole today is no change, an id that comes with decimals is one; so is a column the mapping reads that has become
    empty.

    Parameters
    ----------
    before : profiles of batches before, the nearest first: a batch that says nothing of a column leaves the word to the next.
    after : the profile of the new batch.
    rows_before, rows_after : rows of the nearest batch before, and of the new one: a column that few rows fill may be empty in a few.
    """
    read = readings(source)
    found = []
    for name, said in after.items():
        is_now, values = _split(said)
        was = next((kind for kind, count in _told(before, name) if kind not in _SAYS_NOTHING and count >= _FEW), None)
        kinds = {each.kind for each in read.get(column_key(name), ())}
        if was is None or was == is_now or is_now == "mixed":
            continue
        if is_now == "empty":
            likely = min(rows_after, SAMPLE) / max(min(rows_before, SAMPLE), 1)
            if kinds and any(count >= _MANY and count * likely >= _EXPECTED for _, count in _told(before[:1], name)):
                found.append((name, was, is_now))
        elif values >= _FEW and (not (_is_number(was) and _is_number(is_now)) or (kinds & _KEYS and not kinds & _NUMBERS)):
            found.append((name, was, is_now))
    return found


def _is_number(kind: str) -> bool:
    return kind == "decimal" or _is_whole(kind)


def _told(profiles: list[dict[str, str]], name: str) -> list[tuple[str, int]]:
    wanted = column_key(name)
    return [_split(said) for each in profiles for column, said in each.items() if column_key(column) == wanted]


def unreadable(source: Source, column: str, is_now: str, values: int | None = None) -> Reading | None:
    """The reading of a source's column that can make nothing of what it now holds, a content or a SQL type; `None` where all still can.

    `values` is how many a content was told from: of a few, each is judged by itself and set apart.
    """
    if values is not None and values < _MANY:
        return None
    nested = is_now.startswith(("STRUCT", "MAP", "BLOB")) or is_now.endswith("]")
    times = is_now in ("date", "timestamp", "DATE") or is_now.startswith("TIMESTAMP")
    numbers = _is_number(is_now) or is_now.startswith(("DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INTEGER", "HUGEINT"))
    for each in readings(source).get(column_key(column), ()):
        if each.declared:
            continue
        hopeless = nested or is_now == "BOOLEAN" or is_now == "text"
        if each.kind in _NUMBERS | {"integer"} and (hopeless or times):
            return each
        if each.kind in ("timestamp", "date") and (hopeless or numbers):
            return each
    return None
