"""What is remembered of everybody from the accepted nights before this one, one row a person, in `segment_memory`."""

from __future__ import annotations

import datetime as dt

from goodwill.segments.ledger import Ledger

__all__ = ["last_month_ends", "memory_statement"]

_MEMORY = """
create or replace temp table segment_memory as
with

latest as (

    select *
    from model.recorded_changes
    qualify row_number() over (partition by person_id order by as_of desc) = 1

),

losses as (

    select
        person_id,
        arg_max(is_loss, as_of) filter (where as_of <= {last_night}) as was_loss_on_month_end,
        arg_max(is_loss, as_of) filter (where as_of <= {night_before}) as was_loss_on_month_end_before
    from model.recorded_changes
    group by person_id

)

select
    latest.person_id,
    latest.value_class as held_value_class,
    latest.value_class_since_on as held_value_class_since_on,
    latest.previous_value_class as held_previous_value_class,
    latest.life_cycle_stage as held_life_cycle_stage,
    latest.life_cycle_stage_since_on as held_life_cycle_stage_since_on,
    latest.previous_life_cycle_stage as held_previous_life_cycle_stage,
    latest.distance as held_distance,
    latest.distance_since_on as held_distance_since_on,
    latest.previous_distance as held_previous_distance,
    latest.rfm_group as held_rfm_group,
    latest.rfm_group_since_on as held_rfm_group_since_on,
    latest.previous_rfm_group as held_previous_rfm_group,
    latest.outside_since_on as held_outside_since_on,
    latest.is_loss as held_is_loss,
    latest.churn_onset_on as held_churn_onset_on,
    latest.churn_onset_reason as held_churn_onset_reason,
    losses.was_loss_on_month_end,
    losses.was_loss_on_month_end_before
from latest
inner join losses
    on latest.person_id = losses.person_id
where not latest.is_gone
"""


def last_month_ends(as_of: dt.date) -> tuple[dt.date, dt.date]:
    """The last month-end up to a day (the day itself, where it is one), and the one before."""
    tomorrow = as_of + dt.timedelta(days=1)
    last = tomorrow.replace(day=1) - dt.timedelta(days=1)
    return last, last.replace(day=1) - dt.timedelta(days=1)


def memory_statement(ledger: Ledger, as_of: dt.date, patience_days: int) -> str:
    """The statement that builds `segment_memory` from `model.recorded_changes`.

    The two columns about month-ends are NULL where no accepted night stands for that month-end; where tonight itself is the last
    month-end, `was_loss_on_month_end` is what tonight says (see `facts.py`).
    """
    nights = [ledger.month_end(end, patience_days) for end in last_month_ends(as_of)]
    last, before = (f"date '{night.isoformat()}'" if night else "null" for night in nights)
    return _MEMORY.format(last_night=last, night_before=before)
