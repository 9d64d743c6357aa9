"""Which models a night need not build: nothing they descend from has changed since the warehouse it goes on from.

What has changed is known before any SQL runs: the entities of the batches that are new, and the day. A model that reads the day (it uses the
macro `as_of`, which dbt tells) is another on another day, unless its `meta` names in `cut_by_day` the columns (`model.column`, moments) that it
compares the day with: then only what happened between the two days can change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from goodwill.sql import identifier

__all__ = ["Changed", "goes_on", "happened_between", "models_to_skip", "unchanged_models"]

#: Tables of `control` that tell of landed rows what the landed rows of a new batch tell already, or never change while the configuration is one.
_SAID_ELSEWHERE = frozenset({"night", "keys", "batches", "corrections"})

#: Tables that tell of the nights of earlier days: the same until there is another day.
_OF_EARLIER_DAYS = frozenset({("control", "basis"), ("model", "recorded_changes")})


@dataclass(frozen=True)
class Changed:
    """What is new: the entities of new batches, whether there are new batches at all, and whether the night stands at a later day.

    With `matches`, contacts are matched statistically, which reads what no model says: its pairs may always be others.
    """

    entities: frozenset[str]
    batches: bool
    day: bool
    matches: bool = False

    def source(self, schema: str, table: str) -> bool:
        """Whether a table that Python writes holds something else than in the warehouse before."""
        if schema in ("landed", "arrived"):
            return table in self.entities
        if (schema, table) in _OF_EARLIER_DAYS:
            return self.day
        if schema == "control":
            return self.batches and table not in _SAID_ELSEWHERE
        if schema == "identity":
            return "contacts" in self.entities or (table == "probable_matches" and self.matches)
        return not schema.startswith("basis")


def unchanged_models(nodes: Mapping[str, Mapping[str, Any]], changed: Changed, moved: Callable[[list[str]], bool]) -> set[str]:
    """The names of models and seeds that would come out as they are.

    Parameters
    ----------
    nodes : unique id → `name`, `resource_type`, `depends_on` (unique ids); of sources, `source` and `table`; of models, `reads_day` and `cuts`.
    moved : whether anything lies between the day before and this one, in any of these columns (`model.column`).
    """
    known: dict[str, bool] = {}

    def is_changed(key: str) -> bool:
        if key not in known:
            node = nodes[key]
            if node["resource_type"] == "source":
                known[key] = changed.source(node["source"], node["table"])
            elif node["resource_type"] == "seed":
                known[key] = False
            else:
                known[key] = by_the_day(node) or any(is_changed(parent) for parent in node["depends_on"])
        return known[key]

    def by_the_day(node: Mapping[str, Any]) -> bool:
        return bool(changed.day and node["reads_day"] and (not node["cuts"] or moved(node["cuts"])))

    return {nodes[key]["name"] for key in nodes if nodes[key]["resource_type"] in ("model", "seed") and not is_changed(key)}


def happened_between(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str], columns: Iterable[str], zone: str) -> bool:
    """Whether any row of `columns` (`model.column`, moments in UTC) lies after the day before and not after this one."""
    for each in columns:
        model, column = each.split(".")
        moment = identifier(column)
        (found,) = connection.execute(
            f"select count(*) from (select cast(timezone(?, timezone('UTC', {moment})) as date) as happened_on "
            f"from {identifier(schemas[model])}.{identifier(model)} where {moment} >= (select as_of - 2 from control.basis)) "
            "where happened_on > (select as_of from control.basis) and happened_on <= (select as_of from control.night)",
            [zone],
        ).fetchall()[0]
        if found:
            return True
    return False


def goes_on(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the night of the warehouse behind `connection` goes on from the one before."""
    return bool(connection.execute("select count(*) from control.basis").fetchall()[0][0])


def models_to_skip(connection: duckdb.DuckDBPyConnection, manifest: Any, zone: str) -> set[str]:
    """The models and seeds that the warehouse behind `connection` need not build; none where it goes on from nothing.

    Parameters
    ----------
    manifest : what dbt parsed.
    zone : the business time zone.
    """
    if not goes_on(connection):
        return set()
    new = connection.execute("select entity from control.changed").fetchall()
    (batches, day, matches) = connection.execute(
        "select (select count(*) > 0 from control.changed), night.as_of > basis.as_of, night.identity_probabilistic "
        "from control.night, control.basis"
    ).fetchall()[0]
    changed = Changed(frozenset(entity for (entity,) in new), batches, day, matches)
    schemas = {node.name: node.schema for node in manifest.nodes.values()}
    return unchanged_models(_nodes(manifest), changed, lambda columns: happened_between(connection, schemas, columns, zone))


def _nodes(manifest: Any) -> dict[str, dict[str, Any]]:
    """The part of dbt's graph that is built."""
    found = {
        key: {"name": node.name, "resource_type": "source", "source": node.source_name, "table": node.identifier, "depends_on": []}
        for key, node in manifest.sources.items()
    }
    for key, node in manifest.nodes.items():
        kind = str(node.resource_type)
        if kind == "seed":
            found[key] = {"name": node.name, "resource_type": kind, "depends_on": []}
        elif kind == "model":
            macros = [
                *node.depends_on.macros,
                *(each for name in node.depends_on.macros for each in manifest.macros[name].depends_on.macros),
            ]
            about = {"reads_day": "macro.goodwill.as_of" in macros, "cuts": list(node.config.meta.get("cut_by_day", []))}
            found[key] = {"name": node.name, "resource_type": kind, "depends_on": list(node.depends_on.nodes), **about}
    return found
