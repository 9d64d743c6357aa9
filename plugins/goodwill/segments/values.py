"""What the value portfolio compares: each customer's actual value, the potential among peers, and the cuts of the classes."""

from __future__ import annotations

from goodwill.segments.value_portfolio import PEER_GROUPS, POSITIONING_NAME, TENURE_BAND
from goodwill.settings.business import Value

__all__ = ["value_statements"]

_VALUES = f"""
create or replace temp table segment_values as
with

buyers as (

    select
        facts.person_id,
        scores.clv_12,
        scores.clv_12_high_80,
        {TENURE_BAND.replace("age_days", "facts.age_days")} as tenure_band,
        coalesce(facts.first_category, 'no category') as first_category,
        coalesce(facts.acquisition_channel, 'no channel') as acquisition_channel,
        coalesce(scores.positioning, 'none') as positioning,
        case scores.value_basis
            when 'revenue' then ', counted on revenue because no margin is known'
            when 'assumed_margin' then ', on an assumed margin'
            else ''
        end as value_note,
        cast(
            case
                when scores.value_basis = 'revenue' then facts.trailing_12m_revenue_amount
                else coalesce(facts.trailing_12m_margin_amount, round(facts.trailing_12m_revenue_amount * scores.margin_rate, 2))
                    - coalesce(facts.trailing_12m_cost_to_serve_amount, 0)
            end as decimal(18, 2)
        ) as trailing_value_amount
    from intermediate.int_customer_facts as facts
    inner join model.clv_scores as scores
        on facts.person_id = scores.person_id
    where not facts.is_guest

),

-- of a contract alone, what was paid is not known here: what it is still worth is all of the value
subscribers as (

    select
        scores.person_id,
        scores.clv_12,
        scores.clv_12_high_80,
        {TENURE_BAND.replace("age_days", "scores.age_days")} as tenure_band,
        'contract' as first_category,
        'no channel' as acquisition_channel,
        coalesce(scores.positioning, 'none') as positioning,
        ', of a contract' || case scores.value_basis
            when 'revenue' then ', counted on revenue because no margin is known'
            when 'assumed_margin' then ', on an assumed margin'
            else ''
        end as value_note,
        cast(0 as decimal(18, 2)) as trailing_value_amount
    from model.clv_scores as scores
    anti join buyers
        on scores.person_id = buyers.person_id
    where scores.model_used = 'shifted_beta_geometric'

),

valued as (

    select * from buyers
    union all by name
    select * from subscribers

)

select
    *,
    cast(trailing_value_amount + clv_12 as decimal(18, 2)) as actual_value_amount
from valued
"""

_POTENTIALS = """
create or replace temp table segment_potentials as
with

{groups},

chosen as (

    select
        valued.*,
        {peers} as peers,
        {group_name} as peer_group,
        cast(round({potential}, 2) as decimal(18, 2)) as potential_value_amount
    from segment_values as valued
    {joins}

),

steps as (

    select
        actual_value_amount,
        sum(actual_value_amount) as held_amount
    from segment_values
    where actual_value_amount > 0
    group by actual_value_amount

),

running as (

    select
        actual_value_amount,
        sum(held_amount) over (order by actual_value_amount desc nulls last) - held_amount as held_above_amount,
        sum(held_amount) over () as held_by_all_amount
    from steps

),

cuts as (

    select
        (
            select min(actual_value_amount)
            from running
            where held_above_amount < {most_valuable_share} * held_by_all_amount
        ) as most_valuable_cut,
        (
            select percentile_cont({growable_quantile}) within group (order by cast(potential_value_amount - actual_value_amount as double))
            from chosen
            where potential_value_amount > actual_value_amount
        ) as growable_cut,
        (
            select coalesce(median(cast(actual_value_amount as double)), 0) * {hysteresis_share}
            from segment_values
            where actual_value_amount > 0
        ) as zero_band

)

select
    chosen.*,
    chosen.potential_value_amount - chosen.actual_value_amount as value_gap_amount,
    coalesce(chosen.actual_value_amount < 0 and chosen.clv_12_high_80 < 0, false) as is_loss,
    cuts.most_valuable_cut,
    cuts.growable_cut,
    cuts.zero_band
from chosen
cross join cuts
"""


def value_statements(settings: Value) -> list[str]:
    """The statements that build `segment_values` and, from it, `segment_potentials`."""
    return [_VALUES, _potentials(settings)]


def _potentials(settings: Value) -> str:
    """Potential value: the quantile among the narrowest group of peers that is large enough."""
    groups, joins = [], []
    for level, keys in enumerate(PEER_GROUPS):
        groups.append(
            f"peers_{level} as (select {''.join(f'{key}, ' for key in keys)}count(*) as peers, "
            f"percentile_cont({settings.potential_quantile}) within group (order by cast(actual_value_amount as double)) as potential "
            f"from segment_values {'group by ' + ', '.join(keys) if keys else ''})"
        )
        on = " and ".join(f"valued.{key} = peers_{level}.{key}" for key in keys)
        joins.append(f"left join peers_{level} on {on}" if keys else f"cross join peers_{level}")

    def narrowest(choices: list[str]) -> str:
        branches = [f"when peers_{level}.peers >= {settings.peers_minimum} then {choice}" for level, choice in enumerate(choices[:-1])]
        return f"case {' '.join(branches)} else {choices[-1]} end"

    return _POTENTIALS.format(
        groups=",\n\n".join(groups),
        joins="\n    ".join(joins),
        peers=narrowest([f"peers_{level}.peers" for level in range(len(PEER_GROUPS))]),
        potential=narrowest([f"peers_{level}.potential" for level in range(len(PEER_GROUPS))]),
        group_name=narrowest([_name(keys) for keys in PEER_GROUPS]),
        most_valuable_share=settings.most_valuable_share,
        growable_quantile=settings.growable_quantile,
        hysteresis_share=settings.hysteresis_share,
    )


def _name(keys: tuple[str, ...]) -> str:
    """What a group of peers is called in a reason."""
    rest = " || ', ' || ".join(f"valued.{key}" for key in keys if key != "positioning") or "'all customers'"
    return f"{POSITIONING_NAME.format(column='valued.positioning')} || {rest}" if "positioning" in keys else rest
