"""Who and what stands behind a row of a mart that names neither a person nor an order: queries of the warehouse over the rows `found` of the mart.

They go back to the models that the mart itself counts, and a test holds their number of people against what the mart says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["AGGREGATES", "Aggregate"]


@dataclass(frozen=True)
class Aggregate:
    """How the rows behind a mart are found.

    Parameters
    ----------
    people : query of `person_id`s; where empty, the people that the rows name themselves.
    orders : condition on `o` (an order of theirs) and `f` (the row found), where not all of their orders count.
    rows : entity → condition on `b` (a landed row of it), instead of that it is of these people or their orders.
    tonight : the column with the night a row was counted in, where earlier nights' rows are kept as they were decided then.
    """

    people: str = ""
    orders: str = "true"
    rows: Mapping[str, str] = field(default_factory=dict)
    tonight: str = ""


def _channel(column: str) -> str:
    """The macro `named_channel`."""
    return f"case when {column} is null then 'unknown' when lower({column}) = 'all' then 'all (channel)' else {column} end"


_CUSTOMERS = (
    f"(select person_id, first_purchase_on, date_trunc('month', first_purchase_on) as month, {_channel('acquisition_channel')} as channel, "
    "distance_at_acquisition as distance from intermediate.int_customer_facts where not is_guest and not is_left_censored) as c"
)
_UNTIL_AGE = (
    "o.ordered_on < (select c.first_purchase_on from intermediate.int_customer_facts as c where c.person_id = o.person_id) "
    "+ cast((f.age + 1) * (select cohorts_age_days from control.night) as integer)"
)
_WAITING = Aggregate(
    "select w.person_id from intermediate.int_purchase_waits as w join found as f on w.purchase_number = f.purchase_number and (f.segment_kind = 'all' "
    "or f.segment_kind = 'cohort_month' and cast(w.cohort_month as varchar) = f.segment "
    "or f.segment_kind = 'acquisition_channel' and w.acquisition_channel = f.segment)"
)
#: Whom the models of a run are judged on; what they say of each stands in `clv_customers`.
_CONTRACT_MODELS = "('shifted_beta_geometric', 'renewed_as_last_period')"
_VALUED = Aggregate(
    f"select person_id from intermediate.int_clv_customers where exists (from found where model not in {_CONTRACT_MODELS}) "
    f"union select person_id from intermediate.int_contracts where exists (from found where model in {_CONTRACT_MODELS})",
    tonight="run_id",
)
_OWNERS = Aggregate("select person_id from marts.dim_customers where is_customer and not is_guest")


def _in_month(event: str, column: str) -> str:
    return f"date_trunc('month', {event}) = f.{column}"


_INVITED = "kind in ('referral_invited', 'referral_shared')"
_SPENT = f"s.day = b.day and lower(s.channel) = lower({_channel('trim(b.channel)')}) and s.campaign_id is not distinct from b.campaign_id"
_PLACES = {
    "value_class": "coalesce({0}.value_class, 'none')",
    "life_cycle_stage": "coalesce({0}.life_cycle_stage, 'none')",
    "distance": "coalesce({0}.distance, 'none')",
    "rfm_group": "coalesce({0}.rfm_group, 'none')",
}


def _place(of: str) -> str:
    """The segment of somebody in the division of the row found."""
    return "case f.division " + " ".join(f"when '{name}' then {value.format(of)}" for name, value in _PLACES.items()) + " end"


def _of_day(entity: str, at: str) -> str:
    """The landed rows of a source and a business day."""
    zone = "(select company_business_time_zone from control.night)"
    day = f"cast(timezone({zone}, timezone('UTC', b.{at})) as date)"
    return f"exists (select * from found as f where f.entity = '{entity}' and f.source = b._source and f.day is not distinct from {day})"


#: Mart → what stands behind a row of it. A mart that names people, orders or the key of an entity needs no entry.
AGGREGATES: dict[str, Aggregate] = {
    "acquisition_costs": Aggregate(
        "select m.person_id from intermediate.int_acquired_margins as m join intermediate.int_acquisition_scopes as s "
        "on m.acquired_month = s.month and m.acquisition_channel = s.acquisition_channel and m.is_referred = s.is_referred and s.has_customers "
        "join found as f on f.month = s.month and f.scope = s.scope and f.acquisition_channel = s.shown_channel",
        rows={
            "marketing_spend": "exists (select * from found as f where "
            f"{_in_month('b.day', 'month')} and (f.scope <> 'channel' or lower({_channel('trim(b.channel)')}) = lower(f.acquisition_channel)))"
        },
    ),
    "clv_calibration": _VALUED,
    "clv_holdouts": Aggregate(
        f"select person_id from intermediate.int_clv_customers where exists (from found where model not in {_CONTRACT_MODELS}) "
        f"union select c.person_id from intermediate.int_contracts as c join found as f on f.model in {_CONTRACT_MODELS} "
        "and f.group_name in ('all', c.plan)",
        tonight="run_id",
    ),
    "clv_model_runs": Aggregate(
        "select c.person_id from intermediate.int_clv_customers as c join found as f on f.model <> 'shifted_beta_geometric' "
        "and (f.group_name = c.model_group or (f.group_name = 'all' and c.model_group <> 'contract')) union select c.person_id from intermediate.int_contracts as c join found as f "
        "on f.model = 'shifted_beta_geometric' and f.group_name in ('all', c.plan, c.plan || ', begun in ' || year(c.started_on))",
        tonight="run_id",
    ),
    "clv_tracking": _VALUED,
    "cohort_retention": Aggregate(
        f"select c.person_id from {_CUSTOMERS} join found as f on c.month = f.cohort_month and f.acquisition_channel in ('all', c.channel)",
        _UNTIL_AGE,
    ),
    "cohort_retention_by_distance": Aggregate(
        f"select c.person_id from {_CUSTOMERS} join found as f on c.month = f.cohort_month and c.distance = f.distance_at_acquisition",
        _UNTIL_AGE,
    ),
    "cohort_retention_by_month": Aggregate(
        f"select c.person_id from {_CUSTOMERS} join found as f on c.month = f.cohort_month and f.acquisition_channel in ('all', c.channel)",
        "o.ordered_on < f.month + to_months(1)",
    ),
    "concentration": _OWNERS,
    "concentration_curve": _OWNERS,
    "customer_equity": Aggregate(
        "select c.person_id from marts.dim_customers as c join found as f on f.segment = case f.division when 'all' then 'all' "
        f"when 'value_class' then coalesce(c.value_class, 'none') when 'acquisition_channel' then {_channel('c.acquisition_channel')} "
        "when 'distance_at_acquisition' then coalesce(c.distance_at_acquisition, 'unknown') end where c.clv_12 is not null and not c.is_guest",
        tonight="measured_on",
    ),
    "customer_months": Aggregate(
        orders="o.person_id = f.person_id and " + _in_month("o.ordered_on", "month"),
        rows={
            "refunds": "refund_id in (select r.refund_id from intermediate.int_refunds__dated as r join found as f "
            f"on r.person_id = f.person_id and {_in_month('r.refunded_on', 'month')})",
            "contact_events": "event_id in (select e.event_id from intermediate.int_contact_events__identified as e join found as f "
            f"on e.person_id = f.person_id and {_in_month('e.occurred_on', 'month')})",
        },
    ),
    "daily_reconciliation": Aggregate(
        rows={
            entity: _of_day(entity, at)
            for entity, at in (("orders", "ordered_at"), ("refunds", "refunded_at"), ("contact_events", "occurred_at"))
        }
    ),
    "fct_costs": Aggregate(
        rows={
            "contact_events": "concat('event:', b.event_id) in (select cost_id from found)",
            "marketing_spend": "exists (select * from found as f join intermediate.int_marketing_spend__purposed as s on f.cost_kind = 'marketing' "
            "and s.day = f.incurred_on and s.channel is not distinct from f.channel and s.campaign_id is not distinct from f.campaign_id "
            f"and s.purpose is not distinct from f.purpose where {_SPENT})",
        }
    ),
    "message_reactions": Aggregate(rows={"contact_events": "message_id in (select message_id from found) and contact_ref in (from names)"}),
    "referral_program": Aggregate(
        f"select j.referred_person_id as person_id from intermediate.int_referrals__judged as j join found as f on {_in_month('j.claimed_on', 'month')} "
        f"union select i.person_id from intermediate.int_invitations as i join found as f on {_in_month('i.invited_on', 'month')} "
        f"union select c.person_id from {_CUSTOMERS} join found as f on c.month = f.month",
        rows={
            "contact_events": "event_id in (select e.event_id from intermediate.int_contact_events__identified as e join found as f "
            f"on {_in_month('e.occurred_on', 'month')} and e.{_INVITED})",
            "marketing_spend": "exists (select * from intermediate.int_marketing_spend__purposed as s join found as f on s.spend_month = f.month "
            f"where s.purpose = 'referral' and {_SPENT})",
        },
    ),
    "repurchase_curve": _WAITING,
    "repurchase_rates": _WAITING,
    "satisfaction": Aggregate(  # who answered, and who bought: of these the mart says who came back
        "select a.person_id from (select person_id, survey_kind as kind, date_trunc('month', answered_on) as month from intermediate.int_survey_answers "
        "union all select d.person_id, f.survey_kind, date_trunc('month', d.purchased_on) from intermediate.int_purchase_days as d, found as f) as a "
        "left join intermediate.int_people as p on a.person_id = p.person_id left join intermediate.int_customer_facts as c on a.person_id = c.person_id "
        "join found as f on a.kind = f.survey_kind and a.month = f.month "
        f"and f.segment in ('all', {_channel('coalesce(c.acquisition_channel, p.acquisition_channel)')})",
        rows={
            "contact_events": "event_id in (select e.event_id from intermediate.int_contact_events__identified as e join found as f "
            f"on lower(trim(e.variant)) = f.survey_kind and {_in_month('e.occurred_on', 'month')}) and contact_ref in (from names)"
        },
    ),
    "segment_migrations": Aggregate(
        f"select g.person_id from model.segment_changes as g join found as f on g.as_of = f.moved_on and f.to_segment = {_place('g')} where f.from_segment = "
        f"coalesce((select arg_max({_place('r')}, r.as_of) from model.recorded_changes as r where r.person_id = g.person_id), 'none')",
        tonight="moved_on",
    ),
    "segment_sizes": Aggregate(
        "select s.person_id from marts.segments as s join intermediate.int_people as p on s.person_id = p.person_id "
        f"join found as f on f.segment = {_place('s')} where not p.is_guest",
        tonight="measured_on",
    ),
    "shared_identifiers": Aggregate(
        rows={
            "contacts": "contact_id in (select k.contact_id from intermediate.int_contacts__keyed as k, intermediate.int_contacts__keyed as one, found as f "
            "where one.contact_id = f.first_contact_id and case f.kind when 'email' then k.email_key = one.email_key else k.phone_key = one.phone_key end)"
        },
    ),
}
