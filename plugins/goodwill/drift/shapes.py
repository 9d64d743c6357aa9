"""Mixes and distributions: the classes of a quantity, counted now and before, and the PSI between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from goodwill.drift.finding import MOVED, Finding, Share
from goodwill.drift.levels import Night
from goodwill.drift.measures import Measure
from goodwill.drift.stability import noise_bound, stability_index
from goodwill.privacy.showing import looks_personal
from goodwill.sql import literal

__all__ = ["Thresholds", "shapes"]

#: PSI from which something is watched, and from which it has moved.
Thresholds = tuple[float, float]

#: From how many rows on, now and before, shares are compared, and from how many for each class: chance is known of large numbers only.
_FEWEST, _FEWEST_EACH = 50, 10
#: Of the nights before, events of at most so many days back are looked at: a first night brings years.
_RECENT_DAYS = 56
#: Of more rows than this every n-th is looked at, as its own digest has it, so that a rebuild looks at the same.
_SAMPLE = 50_000
#: Words beyond the most frequent are one class, and so are those too rare to be anybody's category.
_WORDS, _RARE = 12, 5
_NOT_STATED, _OTHER = "(not stated)", "(other)"


def shapes(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    source: str,
    arrivals: str,
    event: str | None,
    now: Night,
    before: Sequence[Night],
    watched: Sequence[Measure],
    thresholds: Thresholds,
) -> Iterator[Finding]:
    """A finding for each quantity that was ever given.

    Parameters
    ----------
    arrivals : table of `night` (0 is tonight) and `batch_id`.
    event : the column of the event's time, where there is one.
    """
    if not watched:
        return
    recent = f"and (night = 0 or {event} is null or {event} >= date {literal(str(now.as_of))} - {_RECENT_DAYS})" if event else ""
    step = max(1, sum(night.rows for night in before) // _SAMPLE)
    step_now = max(1, now.rows // _SAMPLE)
    values = ", ".join(f"cast({each.expression} as {'varchar' if each.kind == 'mix' else 'double'}) as {each.name}" for each in watched)
    connection.execute(
        f"""
        create or replace temp table drift_rows as
        select night = 0 as is_now, {values}
        from staging.base_{entity} join {arrivals} on batch_id = _batch_id
        where _source = ? and row_status <> 'quarantined' {recent}
            and hash(_batch_id, _row_no) % (case when night = 0 then {step_now} else {step} end) = 0
        """,
        [source],
    )
    for each in watched:
        shares = _words(connection, each.name) if each.kind == "mix" else _numbers(connection, each.name)
        if any(share.label != _NOT_STATED for share in shares):
            yield _finding(source, each, shares, len(before), thresholds)
    connection.execute("drop table drift_rows")


def _finding(source: str, measure: Measure, shares: list[Share], nights: int, thresholds: Thresholds) -> Finding:
    rows_now, rows_before = sum(share.rows_now for share in shares), sum(share.rows_before for share in shares)
    watch, moved = thresholds
    value = limit = None
    verdict = "none" if not rows_now else "first" if not rows_before else "too_few"
    if rows_now and rows_before:
        value = stability_index([share.rows_before / rows_before for share in shares], [share.rows_now / rows_now for share in shares])
        chance = noise_bound(len(shares), rows_before, rows_now)
        limit = max(watch, chance)
        if min(rows_now, rows_before) >= max(_FEWEST, _FEWEST_EACH * len(shares)):
            verdict = "steady" if value < limit else MOVED if value >= max(moved, chance) else "watch"
    return Finding(source, measure.entity, measure.name, measure.kind, verdict, value, limit, rows_now, rows_before, nights, tuple(shares))


def _words(connection: duckdb.DuckDBPyConnection, name: str) -> list[Share]:
    """The most frequent words, the rest as one, and what is not stated."""
    counted = connection.execute(
        f"select {name}, count(*) filter (is_now), count(*) filter (not is_now) from drift_rows group by {name}"
    ).fetchall()
    ranked = sorted((row for row in counted if row[0] is not None), key=lambda row: (-row[1] - row[2], row[0]))
    usual = [row for row in ranked if row[1] + row[2] >= _RARE and not looks_personal(row[0])][:_WORDS]
    rest = [row for row in ranked if row not in usual]
    unstated = [row for row in counted if row[0] is None]
    return [
        *(Share(*row) for row in usual),
        *(
            Share(label, sum(row[1] for row in rows), sum(row[2] for row in rows))
            for label, rows in ((_OTHER, rest), (_NOT_STATED, unstated))
            if rows
        ),
    ]


def _numbers(connection: duckdb.DuckDBPyConnection, name: str) -> list[Share]:
    """Tenths of what came before (fewer where many are equal); of tonight's own rows where nothing did."""
    rows = connection.execute(
        f"""
        select coalesce(
            quantile_disc({name}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) filter (not is_now),
            quantile_disc({name}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        ) from drift_rows
        """
    ).fetchall()
    edges = sorted(set(rows[0][0] or ()))
    classes = " ".join(f"when {name} <= {edge!r} then {number}" for number, edge in enumerate(edges))
    counted = connection.execute(
        f"""
        select case when {name} is null then -1 {classes} else {len(edges)} end as class,
            count(*) filter (is_now), count(*) filter (not is_now)
        from drift_rows group by class order by class = -1, class
        """
    ).fetchall()
    return [Share(_label(number, edges), now, before) for number, now, before in counted]


def _label(number: int, edges: list[float]) -> str:
    if number < 0:
        return _NOT_STATED
    if number == 0:
        return f"≤ {edges[0]:g}" if edges else "any"
    return f"> {edges[-1]:g}" if number == len(edges) else f"{edges[number - 1]:g} \u2013 {edges[number]:g}"
