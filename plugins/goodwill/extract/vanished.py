"""Deletes at the source: keys that were there, and that a whole pull does not bring any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from goodwill.extract.mapping import Mapper
from goodwill.extract.selecting import select
from goodwill.sql import literals

__all__ = ["count_vanished"]

_PLUMBING = "'' as __batch_id, '' as __file, timestamp '1970-01-01' as __extracted_at"


def _keys(mapper: Mapper) -> Mapper | None:
    """The mapper reduced to the key of its entity; `None` where the key is made of content, so that a changed row is another row."""
    wanted = {name: mapper.mapping.columns[name] for name in mapper.entity.key if name in mapper.mapping.columns}
    if len(wanted) < len(mapper.entity.key) or any(how.hash or how.occurrence for how in wanted.values()):
        return None
    columns = tuple(replace(mapper.entity.by_name[name], required=False) for name in wanted)
    return replace(mapper, entity=replace(mapper.entity, columns=columns), mapping=mapper.mapping.model_copy(update={"columns": wanted}))


def _hashes(mapper: Mapper, relation: str) -> str:
    """A 64-bit hash for each row's key, without rows that have none."""
    keys = [column.name for column in mapper.entity.columns]
    there = " and ".join(f"{key} is not null" for key in keys)
    values = ", ".join(f"cast({key} as varchar)" for key in keys)
    return f"select hash({values}) as h from ({select(mapper, relation)}) where {there}"


def count_vanished(before: dict[str, Mapper], files: list[Path], after: dict[str, Mapper], relation: str, scratch: Path) -> dict[str, int]:
    """Entity → keys that `files` (the batches active until now) hold and `relation` (the whole of the source now) does not.

    Works in 256 MB, and on disk in `scratch` beyond.
    """
    counts = {}
    with duckdb.connect(config={"memory_limit": "256MB", "temp_directory": str(scratch), "preserve_insertion_order": False}) as connection:
        for entity, mapper in after.items():
            old, new = _keys(before[entity]), _keys(mapper)
            if old is None or new is None or before[entity].missing_columns():
                continue
            was = _hashes(old, f"read_parquet([{literals(map(str, files))}], union_by_name=true)")
            now = _hashes(new, f"(select *, {_PLUMBING} from ({relation}))")
            (counts[entity],) = connection.execute(
                f"select count(*) from (select distinct h from ({was})) as was anti join ({now}) as now on was.h = now.h"
            ).fetchall()[0]
    return counts
