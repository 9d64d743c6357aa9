"""Deletes at the source: keys that were there, and that a whole pull, or the new version of a file, does not bring any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from goodwill.extract.mapping import Mapper
from goodwill.extract.selecting import select
from goodwill.sql import literals

__all__ = ["Vanished", "count_vanished", "vanished_warnings"]


@dataclass(frozen=True)
class Vanished:
    """Keys of an entity that are gone, of how many that were there."""

    keys: int
    of: int


def _keys(mapper: Mapper) -> Mapper | None:
    """The mapper reduced to the key of its entity; `None` where a changed row is another row, its key being made of content or place.

    Of a source whose files add, a key of content will do: there no row is meant to go.
    """
    wanted = {name: mapper.mapping.columns[name] for name in mapper.entity.key if name in mapper.mapping.columns}
    adds = mapper.source.load == "files"
    if len(wanted) < len(mapper.entity.key) or any((how.hash and not adds) or how.occurrence for how in wanted.values()):
        return None
    columns = tuple(replace(mapper.entity.by_name[name], required=False) for name in wanted)
    return replace(mapper, entity=replace(mapper.entity, columns=columns), mapping=mapper.mapping.model_copy(update={"columns": wanted}))


def _hashes(mapper: Mapper, relation: str) -> str:
    """A 64-bit hash for each row's key, without rows that have none."""
    keys = [column.name for column in mapper.entity.columns]
    there = " and ".join(f"{key} is not null" for key in keys)
    values = ", ".join(f"cast({key} as varchar)" for key in keys)
    return f"select hash({values}) as h from ({select(mapper, relation)}) where {there}"


def count_vanished(
    before: dict[str, Mapper], files: list[Path], after: dict[str, Mapper], rows: Path, scratch: Path, kept: list[Path]
) -> dict[str, Vanished]:
    """Entity → keys that `files` (batches active until now) hold and neither `rows` (what takes their place) nor `kept` (batches that stay) does.

    Entities without any such key are left out. Works in 256 MB, and on disk in `scratch` beyond.
    """
    found = {}
    with duckdb.connect(config={"memory_limit": "256MB", "temp_directory": str(scratch), "preserve_insertion_order": False}) as connection:
        for entity, mapper in after.items():
            old, new = _keys(before[entity]), _keys(mapper)
            if old is None or new is None or before[entity].missing_columns():
                continue
            was = f"select distinct h from ({_hashes(old, _batches(files))})"
            now = [_hashes(new, _batches([rows]))]
            gone = _without(connection, was, now)
            if gone and kept:
                gone = _without(connection, was, [*now, _hashes(old, _batches(kept))])
            if gone:
                found[entity] = Vanished(gone, _without(connection, was, []))
    return found


def _batches(files: list[Path]) -> str:
    return f"read_parquet([{literals(map(str, files))}], union_by_name=true)"


def _without(connection: duckdb.DuckDBPyConnection, was: str, others: list[str]) -> int:
    """How many hashes `was` has that none of `others` has."""
    joins = "".join(f" anti join ({other}) as other_{number} on was.h = other_{number}.h" for number, other in enumerate(others))
    (count,) = connection.execute(f"select count(*) from ({was}) as was{joins}").fetchall()[0]
    return int(count)


def vanished_warnings(found: dict[str, Vanished]) -> Iterator[str]:
    """What is said where a file is meant to add, and its new version took rows away."""
    for entity, each in found.items():
        yield (
            f"VANISHED: {entity}: of {each.of:,} keys that had landed under this name, {each.keys:,} are in no file of this source any more "
            "and count no longer; where a file brings only what is new, let each have a name of its own (a date in it)"
        )
