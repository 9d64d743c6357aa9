"""Place everybody: facts, then rules, then what is remembered, into `model.segment_assignments` and `model.segment_changes`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from goodwill.segments.churn import EARLY_WARNINGS, HAS_HELD_ONSET, ONSET_ON, ONSETS
from goodwill.segments.distance import DISTANCE
from goodwill.segments.facts import fact_statements, known_sql
from goodwill.segments.ledger import Ledger
from goodwill.segments.life_cycle import LIFE_CYCLE
from goodwill.segments.rfm import RFM_GROUPS
from goodwill.segments.rules import Rule, code_sql, index_sql, reason_sql
from goodwill.segments.value_portfolio import VALUE_CLASSES, stays_sql
from goodwill.settings.business import BusinessSettings

__all__ = ["assign"]

#: Each division of everyone: its published columns (code, reason) and its rules.
DIVISIONS: tuple[tuple[str, str, tuple[Rule, ...]], ...] = (
    ("value_class", "value_class_reason", VALUE_CLASSES),
    ("life_cycle_stage", "life_cycle_reason", LIFE_CYCLE),
    ("distance", "distance_reason", DISTANCE),
    ("rfm_group", "rfm_reason", RFM_GROUPS),
)
#: What a change of makes a line of the ledger: the column as it is computed, and as it is called.
_REMEMBERED = {code: code for code, _, _ in DIVISIONS} | {
    "outside_since_on": "outside_since_on",
    "coalesce(is_loss, false)": "is_loss",
    "onset_on": "churn_onset_on",
}
_TEMPORARY = ("segment_gaps", "segment_rfm", "segment_values", "segment_potentials", "segment_memory")

#: The class by tonight's figures alone against the class that is held.
_IS_HELD_ON = f"""coalesce(
            held_value_class is not null and tonight_value_class is not null and not is_guest and held_value_class <> tonight_value_class
            and {stays_sql("held_value_class")}
            and $as_of < cast(coalesce(held_outside_since_on, $as_of) + to_months(cast(value_hysteresis_months as integer)) as date),
            false
        )"""

_ASSIGNMENTS = """
create or replace table model.segment_assignments as
with

known as ({known}),

decided as (

    select
        *,
        {rules}
    from known

),

placed as (

    select
        *,
        {codes}
    from decided

),

weighed as (

    select
        *,
        {is_held_on} as is_held_on
    from placed

),

settled as (

    select
        *,
        case when is_held_on then held_value_class else tonight_value_class end as value_class,
        case when is_held_on then coalesce(held_outside_since_on, $as_of) end as outside_since_on,
        {onset_on} as tonight_onset_on,
        {has_held_onset} as has_held_onset,
        {warning} as warning_rule
    from weighed

),

dated as (

    select
        *,
        case when has_held_onset then held_churn_onset_on else tonight_onset_on end as onset_on
    from settled

),

explained as (

    select
        *,
        {onset} as onset_rule
    from dated

)

select
    person_id,
    value_class,
    case
        when is_held_on then
            'held as ' || value_class || ' since ' || held_value_class_since_on || ': tonight alone it would be ' || tonight_value_class
            || ' since ' || outside_since_on || ', which is not past its limit by ' || cast(round(100 * value_hysteresis_share) as integer)
            || ' % and has not lasted ' || cast(value_hysteresis_months as integer) || ' months; ' || tonight_value_class_reason
        else tonight_value_class_reason
    end as value_class_reason,
    life_cycle_stage,
    life_cycle_reason,
    distance,
    distance_reason,
    recency_score,
    frequency_score,
    monetary_score,
    rfm_group,
    rfm_reason,
    {since},
    outside_since_on,
    coalesce(is_loss, false) as is_loss,
    onset_on as churn_onset_on,
    case when has_held_onset then held_churn_onset_reason when onset_on is not null then {onset_reason} end as churn_onset_reason,
    {warning_code} as early_warning,
    case when {warning_code} is not null then {warning_reason} end as early_warning_reason,
    actual_value_amount,
    potential_value_amount,
    not is_guest and (
        held_life_cycle_stage is null
        or {differs}
    ) as is_changed
from explained
"""

#: What the ledger keeps: everybody whose place is not what is remembered, and whoever is remembered and is not there any more.
_CHANGES = """
create or replace table model.segment_changes as
select
    cast($as_of as date) as as_of,
    false as is_gone,
    placed.* exclude (
        is_changed, distance_reason, recency_score, frequency_score, monetary_score, rfm_reason, potential_value_amount, early_warning,
        early_warning_reason
    ),
    scores.clv_12
from model.segment_assignments as placed
left join model.clv_scores as scores
    on placed.person_id = scores.person_id
where placed.is_changed
union all by name
select
    cast($as_of as date) as as_of,
    true as is_gone,
    memory.person_id
from segment_memory as memory
anti join model.segment_assignments as placed
    on memory.person_id = placed.person_id
"""


def assign(
    connection: duckdb.DuckDBPyConnection, settings: BusinessSettings, run_id: str, as_of: dt.date, ledger: Ledger | None = None
) -> dict[str, Any]:
    """Write `model.segment_assignments`, one row for every row of `intermediate.int_people`; `model.segment_changes`, what the ledger
    keeps of them; and the ledger itself as `model.recorded_…`.

    Parameters
    ----------
    connection : the open working warehouse, after `goodwill.clv.score` and `write_silences` of the same `run_id`.
    as_of : the day the stages are about.
    ledger : the accepted nights of earlier days; None: there was none.

    Returns
    -------
    Figures for the night's record: people, how many are in each value class and stage, and how many changed.
    """
    ledger = ledger or Ledger()
    ledger.open(connection)
    for statement in fact_statements(settings, ledger, as_of):
        connection.execute(statement)
    connection.execute(_assignments(settings, as_of), {"as_of": as_of})
    connection.execute(_CHANGES, {"as_of": as_of})
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
    ((people, changed),) = connection.execute(
        "select (select count(*) from model.segment_assignments), (select count(*) from model.segment_changes)"
    ).fetchall()
    return {"people": people, "changed": changed, **dict(counts)}


def _assignments(settings: BusinessSettings, as_of: dt.date) -> str:
    """The statement that writes `model.segment_assignments`."""
    codes = []
    for code, reason, rules in DIVISIONS:
        tonight = "tonight_" if code == "value_class" else ""
        codes += [f"{code_sql(rules, f'{code}_rule')} as {tonight}{code}", f"{reason_sql(rules, f'{code}_rule')} as {tonight}{reason}"]
    return _ASSIGNMENTS.format(
        known=known_sql(settings, as_of),
        rules=",\n        ".join(f"{index_sql(rules)} as {code}_rule" for code, _, rules in DIVISIONS),
        codes=",\n        ".join(codes),
        is_held_on=_IS_HELD_ON,
        onset_on=ONSET_ON,
        has_held_onset=HAS_HELD_ONSET,
        onset=index_sql(ONSETS),
        onset_reason=reason_sql(ONSETS, "onset_rule"),
        warning=index_sql(EARLY_WARNINGS),
        warning_code=code_sql(EARLY_WARNINGS, "warning_rule"),
        warning_reason=reason_sql(EARLY_WARNINGS, "warning_rule"),
        differs="\n        or ".join(f"{column} is distinct from held_{now}" for column, now in _REMEMBERED.items()),
        since=",\n    ".join(_since(code) for code, _, _ in DIVISIONS),
    )


def _since(code: str) -> str:
    """Since when the place is held, and the one before; a guest order has no past."""
    return (
        f"case when {code} is null or is_guest then null when {code} = held_{code} then held_{code}_since_on else $as_of end as {code}_since_on, "
        f"case when is_guest then null when {code} is not distinct from held_{code} then held_previous_{code} else held_{code} end "
        f"as previous_{code}"
    )
