"""The cut points that people are placed by, as they stand in a published warehouse: for a review, which says how far they moved."""

from __future__ import annotations

import duckdb

__all__ = ["CutPoints", "moved_share", "read_cuts"]

#: Division → score or class → the least value that has it.
CutPoints = dict[str, dict[str, float]]

#: Score → the value that is scored. Recency is counted backwards: fewer days are more.
_SCORED = {
    "recency_score": "-cast($as_of - last_purchase_on as double)",
    "frequency_score": "cast(purchase_days_count as double)",
    "monetary_score": "cast(revenue_amount as double)",
}
_OF_CLASSES = """
select
    value_class,
    min(case value_class when 'most_valuable' then actual_value_amount else potential_value_amount - actual_value_amount end) as least
from marts.segments
where value_class in ('most_valuable', 'most_growable')
group by value_class
order by value_class
"""


def read_cuts(connection: duckdb.DuckDBPyConnection) -> CutPoints:
    """The least value of each RFM score from 2 to 5, of the most valuable, and the least gap of the most growable customers."""
    cuts: CutPoints = {}
    day = {"as_of": _day(connection)}
    for score, value in _SCORED.items():
        rows = connection.execute(
            f"select {score}, min({value}) from marts.dim_customers where {score} > 1 group by 1 order by 1",
            day if "$as_of" in value else {},
        ).fetchall()
        cuts[score] = {str(band): float(least) for band, least in rows}
    cuts["value_class"] = {name: float(least) for name, least in connection.execute(_OF_CLASSES).fetchall()}
    return cuts


def moved_share(connection: duckdb.DuckDBPyConnection, before: CutPoints) -> dict[str, float]:
    """By RFM score, the share of customers whom the cut points of `before` would score otherwise."""
    day, shares = {"as_of": _day(connection)}, {}
    for score, value in _SCORED.items():
        cuts = before.get(score, {})
        if not cuts:
            continue
        branches = " ".join(f"when {value} >= {least!r} then {band}" for band, least in sorted(cuts.items(), reverse=True))
        ((share,),) = connection.execute(
            f"select avg(case when {score} <> (case {branches} else 1 end) then 1.0 else 0.0 end) from marts.dim_customers where {score} is not null",
            day if "$as_of" in value else {},
        ).fetchall()
        shares[score] = round(float(share or 0.0), 6)
    return shares


def _day(connection: duckdb.DuckDBPyConnection) -> object:
    return connection.execute("select as_of from control.night").fetchall()[0][0]
