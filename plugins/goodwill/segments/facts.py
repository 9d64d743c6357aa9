"""The named facts that the rules read, one row a person: a few temporary tables, each one step, and the query that joins them."""

from __future__ import annotations

import datetime as dt

from goodwill.segments.ledger import Ledger
from goodwill.segments.memory import last_month_ends, memory_statement
from goodwill.segments.rfm import band_sql
from goodwill.segments.values import value_statements
from goodwill.settings.business import BusinessSettings, flat_settings

__all__ = ["GAP_CREDIBILITY", "fact_statements", "known_sql"]

#: How many gaps everybody's usual gap weighs against a person's own.
GAP_CREDIBILITY = 3

_GAPS = """
create or replace temp table segment_gaps as
with

everybody as (

    select percentile_cont({gap_quantile}) within group (order by p90_gap_days) as usual_gap_days
    from intermediate.int_customer_facts
    where not is_guest and p90_gap_days is not null

),

own as (

    select
        facts.person_id,
        everybody.usual_gap_days as everybodys_gap_days,
        (coalesce(facts.p90_gap_days, 0) * (facts.purchase_days - 1) + everybody.usual_gap_days * {gap_credibility})
        / (facts.purchase_days - 1 + {gap_credibility}) as usual_gap_days
    from intermediate.int_customer_facts as facts
    cross join everybody
    where facts.purchase_days >= 1

),

gaps as (

    select
        person_id,
        purchased_on,
        purchased_on - lag(purchased_on) over (partition by person_id order by purchased_on asc nulls last) as gap_days
    from intermediate.int_purchase_days
    where not is_guest

),

-- long by everybody's measure: three weeks away are no second life, not even of a daily buyer
breaks as (

    select
        gaps.person_id,
        gaps.purchased_on,
        gaps.gap_days,
        own.everybodys_gap_days
    from gaps
    inner join own
        on gaps.person_id = own.person_id
    where gaps.gap_days > {lapsed_gap_factor} * own.everybodys_gap_days

),

earlier_gaps as (

    select
        breaks.person_id,
        breaks.purchased_on,
        gaps.gap_days,
        row_number() over (
            partition by breaks.person_id, breaks.purchased_on order by gaps.gap_days asc nulls last, gaps.purchased_on asc nulls last
        ) as gap_rank,
        count(*) over (partition by breaks.person_id, breaks.purchased_on) as gaps_count
    from breaks
    inner join gaps
        on breaks.person_id = gaps.person_id
        and breaks.purchased_on > gaps.purchased_on
    where gaps.gap_days is not null

),

-- long by the person's own measure too, as it was before: a break is not judged by itself
judged as (

    select
        breaks.person_id,
        breaks.purchased_on,
        breaks.gap_days,
        (
            coalesce(min(earlier_gaps.gap_days) filter (where earlier_gaps.gap_rank >= earlier_gaps.gaps_count * {gap_quantile}), 0)
            * count(earlier_gaps.gap_days)
            + max(breaks.everybodys_gap_days) * {gap_credibility}
        ) / (count(earlier_gaps.gap_days) + {gap_credibility}) as usual_gap_before_days
    from breaks
    left join earlier_gaps
        on breaks.person_id = earlier_gaps.person_id
        and breaks.purchased_on = earlier_gaps.purchased_on
    group by breaks.person_id, breaks.purchased_on, breaks.gap_days

),

second_lives as (

    select
        person_id,
        max(purchased_on) as second_life_on,
        max_by(gap_days, purchased_on) as broken_gap_days,
        max_by(usual_gap_before_days, purchased_on) as usual_gap_before_days
    from judged
    where gap_days > {lapsed_gap_factor} * usual_gap_before_days
    group by person_id

)

select
    own.person_id,
    own.usual_gap_days,
    own.everybodys_gap_days,
    second_lives.second_life_on,
    second_lives.broken_gap_days,
    second_lives.usual_gap_before_days
from own
left join second_lives
    on own.person_id = second_lives.person_id
"""

_RFM = f"""
create or replace temp table segment_rfm as
with

ranked as (

    select
        person_id,
        dense_rank() over (order by last_purchase_on asc nulls last) as recency_rank,
        dense_rank() over (order by purchase_days asc nulls last) as frequency_rank,
        dense_rank() over (order by revenue_amount asc nulls last) as monetary_rank
    from intermediate.int_customer_facts
    where purchase_days >= 1 and not is_guest

),

sizes as (

    select
        max(recency_rank) as recency_values,
        max(frequency_rank) as frequency_values,
        max(monetary_rank) as monetary_values
    from ranked

)

select
    ranked.person_id,
    {band_sql("ranked.recency_rank", "sizes.recency_values")} as recency_score,
    {band_sql("ranked.frequency_rank", "sizes.frequency_values")} as frequency_score,
    {band_sql("ranked.monetary_rank", "sizes.monetary_values")} as monetary_score
from ranked
cross join sizes
"""

_FACTS = """
select
    people.person_id,
    facts.person_id is not null as has_bought,
    people.is_guest,
    coalesce(facts.is_left_censored, false) as is_left_censored,
    facts.first_purchase_on,
    facts.last_purchase_on,
    facts.purchase_days,
    facts.purchase_days - 1 as x,
    facts.age_days,
    facts.revenue_amount,
    facts.age_days as days_since_first,
    $as_of - facts.last_purchase_on as days_since_last,
    gaps.usual_gap_days,
    gaps.everybodys_gap_days,
    gaps.second_life_on,
    gaps.broken_gap_days,
    gaps.usual_gap_before_days,
    $as_of - gaps.second_life_on as days_since_second_life,
    case when scores.model_used in ('mbg_nbd', 'pareto_nbd') then scores.p_alive end as p_alive,
    silences.p_alive_before,
    facts.first_purchase_on + cast(silences.below_age_days as integer) as p_alive_below_on,
    people.complaint_open_since,
    people.deleted_on,
    people.has_active_subscription,
    people.last_subscription_ended_on,
    people.first_invited_on,
    referrals.edge_on as referred_on,
    $as_of - greatest(people.last_quote_on, people.last_cart_on, people.last_fair_on) as days_since_signal,
    case greatest(people.last_quote_on, people.last_cart_on, people.last_fair_on)
        when people.last_quote_on then 'asked for a quote'
        when people.last_cart_on then 'left a cart'
        when people.last_fair_on then 'was met at a fair'
    end as signal,
    rfm.recency_score,
    rfm.frequency_score,
    rfm.monetary_score,
    potentials.clv_12,
    potentials.value_note,
    potentials.trailing_value_amount,
    potentials.actual_value_amount,
    potentials.potential_value_amount,
    potentials.value_gap_amount,
    potentials.most_valuable_cut,
    potentials.growable_cut,
    potentials.peers,
    potentials.peer_group,
    potentials.clv_12_high_80,
    potentials.zero_band,
    potentials.is_loss,
    case when {last_is_tonight} then potentials.is_loss else memory.was_loss_on_month_end end as was_loss_on_month_end,
    memory.was_loss_on_month_end_before,
    memory.* exclude (person_id, was_loss_on_month_end, was_loss_on_month_end_before)
from intermediate.int_people as people
left join intermediate.int_customer_facts as facts
    on people.person_id = facts.person_id
    and facts.purchase_days >= 1
left join intermediate.int_referrals__accepted as referrals
    on people.person_id = referrals.referred_person_id
left join model.clv_scores as scores
    on people.person_id = scores.person_id
left join segment_gaps as gaps
    on people.person_id = gaps.person_id
left join segment_rfm as rfm
    on people.person_id = rfm.person_id
left join segment_potentials as potentials
    on people.person_id = potentials.person_id
left join model.clv_silences as silences
    on people.person_id = silences.person_id
left join segment_memory as memory
    on people.person_id = memory.person_id
"""

#: What is the same for everybody is not stored with each of them. The two last month-ends are told in words, too.
_KNOWN = """
select
    *,
    {constants},
    'on {month_end}' || case
        when was_loss_on_month_end then ' too'
        when not was_loss_on_month_end then ' not'
        else ' not observed'
    end || ', on {month_end_before}' || case
        when was_loss_on_month_end_before then ' too'
        when not was_loss_on_month_end_before then ' not'
        else ' not observed'
    end as loss_note
from ({facts}) as facts
"""


def fact_statements(settings: BusinessSettings, ledger: Ledger, as_of: dt.date) -> list[str]:
    """The statements that build the temporary tables, in order."""
    life_cycle = settings.life_cycle
    return [
        _GAPS.format(gap_quantile=life_cycle.gap_quantile, gap_credibility=GAP_CREDIBILITY, lapsed_gap_factor=life_cycle.lapsed_gap_factor),
        _RFM,
        *value_statements(settings.value),
        memory_statement(ledger, as_of, settings.value.month_end_days),
    ]


def known_sql(settings: BusinessSettings, as_of: dt.date) -> str:
    """The query of all that the rules may name, with the parameter `as_of`: the facts, the last two month-ends, and the numbers of the
    settings sections `life_cycle` and `value` under their flat names."""
    numbers = {name: number for name, number in flat_settings(settings).items() if name.startswith(("life_cycle_", "value_"))}
    numbers["growable_top_share"] = 1 - settings.value.growable_quantile
    constants = [f"cast({number} as double) as {name}" for name, number in numbers.items()]
    last, before = last_month_ends(as_of)
    constants += [f"date '{last.isoformat()}' as month_end", f"date '{before.isoformat()}' as month_end_before"]
    facts = _FACTS.format(last_is_tonight="true" if last == as_of else "false")
    return _KNOWN.format(facts=facts, constants=",\n    ".join(constants), month_end=last.isoformat(), month_end_before=before.isoformat())
