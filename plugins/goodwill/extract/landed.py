"""The `landed.*` views: every entity as the union of what its sources landed, typed, with what could not be read named."""

from __future__ import annotations

from goodwill.entities import PLUMBING, Entity
from goodwill.extract.batches import Manifest, active_batches, rows_file
from goodwill.extract.landing import mappers
from goodwill.home import Home
from goodwill.sources import Source, Sources
from goodwill.sql import literals

__all__ = ["landed_view"]


def _empty(entity: Entity) -> str:
    columns = [f"cast(null as {column.sql_type}) as {column.name}" for column in entity.columns]
    plumbing = [f"cast(null as {sql_type}) as {name}" for name, sql_type in PLUMBING.items()]
    return f"select {', '.join([*columns, *plumbing])} where false"


def _feed(home: Home, source: Source, entity: Entity, batches: list[Manifest], zone: str) -> str:
    columns: dict[str, str] = {}
    for manifest in batches:
        columns |= {name.lower(): sql_type for name, sql_type in manifest.columns.items()}
    mapper = mappers(source, columns, zone)[entity.name]
    files = literals(str(rows_file(home, manifest)) for manifest in batches)
    return mapper.select(f"read_parquet([{files}], union_by_name=true)")


def landed_view(home: Home, sources: Sources, entity: Entity, zone: str) -> str:
    """The select behind `landed.<entity>`; no rows (but every column) where no source gives the entity."""
    feeds = []
    for source in sources.sources:
        if entity.name in source.entities:
            batches = [manifest for manifest in active_batches(home, source) if manifest.columns]
            if batches:
                feeds.append(_feed(home, source, entity, batches, zone))
    return "\nunion all by name\n".join(feeds) if feeds else _empty(entity)
