"""Tonight's arrivals beside those of the last good nights: counted in the night's warehouse, source by source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from goodwill.drift.arrivals import Arrival
from goodwill.drift.finding import Drift, Finding
from goodwill.drift.levels import Night, freshness, volume
from goodwill.drift.measures import MEASURES
from goodwill.drift.shapes import Thresholds, shapes
from goodwill.entities import ENTITIES
from goodwill.sql import literal

__all__ = ["measure"]

#: Night (0 is tonight) → the batches it brought; there while drift is measured.
_ARRIVALS = "drift_arrivals"


def measure(connection: duckdb.DuckDBPyConnection, tonight: Arrival, before: Sequence[Arrival], thresholds: Thresholds) -> Drift:
    """Hold what came in tonight against what the last good nights brought.

    Parameters
    ----------
    connection : the night's warehouse, its staging built.
    before : the last good nights, newest first.
    """
    arrived = [(number, batch) for number, night in enumerate([tonight, *before]) for batch in night.batches]
    connection.execute(f"create or replace temp table {_ARRIVALS} (night integer, batch_id varchar)")
    if arrived:
        values = ", ".join(f"({number}, {literal(batch)})" for number, batch in arrived)
        connection.execute(f"insert into {_ARRIVALS} values {values}")
    given = connection.execute("select distinct entity, source from control.sources order by entity, source").fetchall()
    try:
        found = [finding for entity, source in given for finding in _of(connection, entity, source, [tonight, *before], thresholds)]
    finally:
        connection.execute(f"drop table {_ARRIVALS}")
    return Drift(tuple(night.run_id for night in before), tuple(found))


def _of(
    connection: duckdb.DuckDBPyConnection, entity: str, source: str, nights: Sequence[Arrival], thresholds: Thresholds
) -> Iterator[Finding]:
    """All findings of one source of an entity."""
    columns = _columns(connection, entity)
    event = ENTITIES[entity].event_time
    event = event if event in columns else None
    newest = f"max(cast({event} as date)) filter (where cast({event} as date) <= last_day)" if event else "cast(null as date)"
    days = ", ".join(f"({number}, date {literal(str(night.as_of))})" for number, night in enumerate(nights))
    rows = connection.execute(
        f"""
        select night, count(*), {newest}
        from staging.base_{entity} join {_ARRIVALS} on batch_id = _batch_id join (values {days}) as days (night, last_day) using (night)
        where _source = ? group by night order by night
        """,
        [source],
    ).fetchall()
    brought = [Night(nights[number].as_of, count, newest_day) for number, count, newest_day in rows if number]
    now = next(
        (Night(nights[0].as_of, count, newest_day) for number, count, newest_day in rows if not number), Night(nights[0].as_of, 0, None)
    )
    yield volume(source, entity, now, brought)
    if event:
        yield freshness(source, entity, now, brought)
    if now.rows:
        watched = [each for each in MEASURES if each.entity == entity and each.column in columns]
        yield from shapes(connection, entity, source, _ARRIVALS, event, now, brought, watched, thresholds)


def _columns(connection: duckdb.DuckDBPyConnection, entity: str) -> set[str]:
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'staging' and table_name = ?", [f"base_{entity}"]
    ).fetchall()
    return {column for (column,) in found}
