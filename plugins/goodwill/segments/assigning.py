"""Place everybody: facts, then rules, into `model.segment_assignments`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from goodwill.segments.distance import DISTANCE
from goodwill.segments.facts import fact_statements
from goodwill.segments.life_cycle import LIFE_CYCLE
from goodwill.segments.rfm import RFM_GROUPS
from goodwill.segments.rules import Rule, code_sql, index_sql, reason_sql
from goodwill.segments.value_portfolio import VALUE_CLASSES
from goodwill.settings.business import BusinessSettings

__all__ = ["assign"]

#: Each division of everyone: its published columns (code, reason) and its rules.
DIVISIONS: tuple[tuple[str, str, tuple[Rule, ...]], ...] = (
    ("value_class", "value_class_reason", VALUE_CLASSES),
    ("life_cycle_stage", "life_cycle_reason", LIFE_CYCLE),
    ("distance", "distance_reason", DISTANCE),
    ("rfm_group", "rfm_reason", RFM_GROUPS),
)
_TEMPORARY = ("segment_gaps", "segment_rfm", "segment_values", "segment_potentials", "segment_facts")


def assign(connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date) -> dict[str, Any]:
    """Write `model.segment_assignments`: one row for every row of `intermediate.int_people`.

    Parameters
    ----------
    connection : the open working warehouse, after `goodwill.clv.score` of the same `run_id`.
    as_of : the day the stages are about.

    Returns
    -------
    Figures for the night's record: people, and how many are in each value class and stage.
    """
    *steps, facts = fact_statements(settings)
    connection.execute("create schema if not exists model")
    for step in steps:
        connection.execute(step)
    connection.execute(facts, {"as_of": as_of})
    decided = ", ".join(f"{index_sql(rules)} as {code}_rule" for code, _, rules in DIVISIONS)
    placed = ", ".join(
        f"{code_sql(rules, f'{code}_rule')} as {code}, {reason_sql(rules, f'{code}_rule')} as {reason}" for code, reason, rules in DIVISIONS
    )
    connection.execute(
        f"""
        create or replace table model.segment_assignments as
        with decided as (select *, {decided} from segment_facts)
        select person_id, {placed}, recency_score, frequency_score, monetary_score, actual_value_amount, potential_value_amount
        from decided
        """
    )
    for table in _TEMPORARY:
        connection.execute(f"drop table {table}")
    counts = connection.execute(
        """
        select life_cycle_stage, count(*) from model.segment_assignments group by 1
        union all
        select value_class, count(*) from model.segment_assignments where value_class is not null group by 1
        order by 1
        """
    ).fetchall()
    people = connection.execute("select count(*) from model.segment_assignments").fetchone()
    return {"people": people[0] if people else 0, **dict(counts)}
