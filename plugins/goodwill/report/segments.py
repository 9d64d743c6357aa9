"""Who the customers are: value classes, life-cycle stages, distance and RFM groups, with counts and values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from goodwill.report.formats import words
from goodwill.report.reading import Row, Warehouse

__all__ = ["CLASSES", "STAGES", "Breakdown", "Group", "Segments", "labels", "read_segments"]

#: The codes in the order in which a person reads them.
CLASSES = ("most_valuable", "most_growable", "maintain", "below_zero")
STAGES = ("prospect", "prospect_in_decision", "welcome", "active", "loyal", "won_back", "at_risk", "lapsed", "lost")
DISTANCES = ("existing", "network", "new")
#: The stages in which a customer counts as active.
ACTIVE_STAGES = ("welcome", "active", "loyal", "won_back")


@dataclass(frozen=True)
class Group:
    """People of one code: how many, what they are worth, and how many more than on the accepted night before (None: there was none)."""

    code: str
    english: str
    french: str | None
    people: int
    people_share: float
    clv: Decimal
    clv_share: float | None
    actual: Decimal | None
    p_alive: float | None
    more: int | None = None


@dataclass(frozen=True)
class Breakdown:
    """All groups of one division of the people; `people` is n, `compared_with` the accepted night before, `more` how many more than then."""

    groups: tuple[Group, ...]
    people: int
    compared_with: dt.date | None = None
    more: int | None = None

    @property
    def clv(self) -> Decimal:
        return sum((group.clv for group in self.groups), Decimal(0))

    @property
    def actual(self) -> Decimal:
        return sum((group.actual for group in self.groups if group.actual is not None), Decimal(0))

    def of(self, *codes: str) -> int:
        return sum(group.people for group in self.groups if group.code in codes)


@dataclass(frozen=True)
class Segments:
    value_class: Breakdown
    life_cycle: Breakdown
    distance: Breakdown
    rfm: Breakdown

    @property
    def active_customers(self) -> int:
        return self.life_cycle.of(*ACTIVE_STAGES)


def labels(warehouse: Warehouse, kind: str) -> dict[str, tuple[str, str | None]]:
    """Code → its English and French words."""
    if not warehouse.has("marts.labels"):
        return {}
    rows = warehouse.rows("select code, english, french from marts.labels where kind = ?", [kind])
    return {row["code"]: (row["english"], row["french"]) for row in rows}


def _before(warehouse: Warehouse, division: str) -> tuple[dt.date | None, dict[str, int]]:
    """The accepted night before, and by how many people each group has grown since; guest orders do not count."""
    if not warehouse.has("marts.segment_sizes"):
        return None, {}
    nights = warehouse.rows("select distinct measured_on from marts.segment_sizes order by measured_on desc limit 2")
    if len(nights) < 2:
        return None, {}
    now, before = (night["measured_on"] for night in nights)
    rows = warehouse.rows(
        "select segment, sum(case when measured_on = $now then people_count else -people_count end) as more from marts.segment_sizes "
        "where division = $division and measured_on in ($now, $before) group by segment",
        {"division": division, "now": now, "before": before},
    )
    return before, {row["segment"]: int(row["more"]) for row in rows}


def _breakdown(
    rows: list[Row],
    order: tuple[str, ...],
    named: dict[str, tuple[str, str | None]],
    before: tuple[dt.date | None, dict[str, int]],
) -> Breakdown:
    people = sum(row["people"] for row in rows)
    positive = sum(max(row["clv"], Decimal(0)) for row in rows)
    rank = {code: place for place, code in enumerate(order)}
    rows = sorted(rows, key=lambda row: (rank.get(row["code"], len(rank)), -row["clv"], row["code"]))
    groups = []
    for row in rows:
        english, french = named.get(row["code"], (words(row["code"]).capitalize(), None))
        groups.append(
            Group(
                code=row["code"],
                english=english,
                french=french,
                people=row["people"],
                people_share=row["people"] / people,
                clv=row["clv"],
                clv_share=float(row["clv"] / positive) if positive else None,
                actual=row["actual"],
                p_alive=row["p_alive"],
                more=None if before[0] is None else before[1].get(row["code"], 0),
            )
        )
    # a group that nobody is in any more has no line, and counts
    more = sum(change for code, change in before[1].items() if code != "none")
    return Breakdown(tuple(groups), people, before[0], None if before[0] is None else more)


def read_segments(warehouse: Warehouse) -> Segments | None:
    """The four divisions of the customers, guest orders left out as in `segment_sizes`; None when nobody is placed yet."""
    table = warehouse.first("marts.segments", "model.segment_assignments")
    scores = warehouse.first("marts.clv_customers", "model.clv_scores")
    if table is None or scores is None or not warehouse.row(f"select 1 as found from {table} limit 1"):
        return None

    def division(column: str, order: tuple[str, ...] = ()) -> Breakdown:
        rows = warehouse.rows(f"""
            select people.{column} as code, count(*) as people, coalesce(sum(scores.clv_12), 0)::decimal(38, 2) as clv,
                sum(people.actual_value_amount) as actual, avg(scores.p_alive) as p_alive
            from {table} as people
            left join {scores} as scores using (person_id)
            where people.{column} is not null and scores.model_used is distinct from 'guest'
            group by people.{column}
        """)
        return _breakdown(rows, order, labels(warehouse, column), _before(warehouse, column))

    return Segments(
        value_class=division("value_class", CLASSES),
        life_cycle=division("life_cycle_stage", STAGES),
        distance=division("distance", DISTANCES),
        rfm=division("rfm_group"),
    )
