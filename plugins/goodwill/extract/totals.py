"""Control totals: rows, amounts and dates of each entity, measured over the source itself, not over what was landed of it."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from goodwill.extract.batches import EntityTotals
from goodwill.extract.mapping import Mapper

__all__ = ["measure"]


def _thin(mapper: Mapper) -> Mapper:
    """The mapper reduced to what control totals need: the amount and the time of the event."""
    entity = mapper.entity
    kept = [name for name in (entity.amount, entity.event_time) if name in mapper.mapping.columns]
    columns = tuple(replace(entity.by_name[name], required=False) for name in kept if name)
    wanted = {name: mapper.mapping.columns[name] for name in kept if name}
    return replace(mapper, entity=replace(entity, columns=columns), mapping=mapper.mapping.model_copy(update={"columns": wanted}))


def measure(connection: duckdb.DuckDBPyConnection, mapper: Mapper, relation: str) -> EntityTotals:
    """Count and sum one entity over `relation`, a select that reads the source itself again."""
    thin = _thin(mapper)
    amount, event = (name if name in thin.entity.by_name else None for name in (mapper.entity.amount, mapper.entity.event_time))
    total = f"sum({amount})" if amount else "cast(null as decimal(38,2))"
    unread = f"count(*) filter (where len(list_filter(_problems, p -> p.column_name = '{amount}')) > 0)" if amount else "0"
    span = f"cast(min({event}) as varchar), cast(max({event}) as varchar)" if event else "null, null"
    plumbing = "'' as __batch_id, '' as __file, timestamp '1970-01-01' as __extracted_at"
    rows, sum_, bad, first, last = connection.execute(
        f"select count(*), {total}, {unread}, {span} from ({thin.select(f'(select *, {plumbing} from ({relation}))')})"
    ).fetchone() or (0, None, 0, None, None)
    return EntityTotals(rows, sum_, bad, first, last)
