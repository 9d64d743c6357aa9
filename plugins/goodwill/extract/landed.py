"""The `landed.*` views: every entity as the union of what its sources landed, typed, with what could not be read named."""

from __future__ import annotations

from collections.abc import Container, Mapping

from goodwill.entities import PLUMBING, Entity
from goodwill.extract.batches import Manifest, active_batches, rows_file
from goodwill.extract.contents import whole_columns
from goodwill.extract.selecting import select
from goodwill.extract.structure import mappers
from goodwill.home import Home
from goodwill.sources import Source, Sources
from goodwill.sql import column_key, identifier, literals

__all__ = ["landed_view", "reading"]


def _empty(entity: Entity) -> str:
    columns = [f"cast(null as {column.sql_type}) as {column.name}" for column in entity.columns]
    plumbing = [f"cast(null as {sql_type}) as {name}" for name, sql_type in PLUMBING.items()]
    return f"select {', '.join([*columns, *plumbing])} where false"


def _alike(batches: list[Manifest]) -> list[list[Manifest]]:
    """The batches, set apart where a column they share has another type: what reads one cannot read the other."""
    types: dict[str, set[str]] = {}
    for manifest in batches:
        for name, sql_type in manifest.columns.items():
            types.setdefault(column_key(name), set()).add(sql_type)
    changed = {name for name, some in types.items() if len(some) > 1}
    groups: dict[tuple[tuple[str, str], ...], list[Manifest]] = {}
    for manifest in batches:
        own = tuple(sorted((column_key(name), sql_type) for name, sql_type in manifest.columns.items() if column_key(name) in changed))
        groups.setdefault(own, []).append(manifest)
    return list(groups.values())


def _files(home: Home, batches: list[Manifest]) -> str:
    return f"read_parquet([{literals(str(rows_file(home, manifest)) for manifest in batches)}], union_by_name=true)"


def _feed(
    rows: str, source: Source, entity: Entity, batches: list[Manifest], every: dict[str, str], whole: Mapping[str, int], zone: str
) -> str:
    """Batches that share their types, as rows of an entity; a column that none of them has is empty in them."""
    columns = {column_key(name): sql_type for manifest in batches for name, sql_type in manifest.columns.items()}
    lacking = {name: sql_type for name, sql_type in every.items() if name not in columns}
    if lacking:
        rows = (
            f"(select *, {', '.join(f'cast(null as {sql_type}) as {identifier(name)}' for name, sql_type in lacking.items())} from {rows})"
        )
    return select(mappers(source, columns | lacking, zone, whole)[entity.name], rows)


def _feeds(home: Home, sources: Sources, entity: Entity, zone: str, only: Container[str] | None, named: bool) -> list[str]:
    feeds = []
    for source in sources.sources:
        if entity.name in source.entities:
            batches = [manifest for manifest in active_batches(home, source) if manifest.columns]
            every = {column_key(name): sql_type for manifest in batches for name, sql_type in manifest.columns.items()}
            whole = whole_columns(manifest.profile for manifest in batches)
            wanted = [manifest for manifest in batches if only is None or manifest.batch_id in only]
            for group in _alike(wanted):
                feeds.append(_feed(_files(home, group) if named else "rows", source, entity, group, every, whole, zone))
    return feeds


def landed_view(home: Home, sources: Sources, entity: Entity, zone: str, only: Container[str] | None = None) -> str:
    """The select behind `landed.<entity>`; no rows (but every column) where no source gives the entity.

    With `only`, the rows of those batches, read exactly as beside all others: what a column holds in one batch tells how it is read in each.
    """
    return "\nunion all by name\n".join(_feeds(home, sources, entity, zone, only, True)) or _empty(entity)


def reading(home: Home, sources: Sources, entity: Entity, zone: str) -> str:
    """How the rows of an entity are read, whichever files they are in: the same text for the same way."""
    return "\nunion all by name\n".join(sorted(_feeds(home, sources, entity, zone, None, False)))
