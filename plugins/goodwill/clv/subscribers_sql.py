"""The SQL of the scores of people who have a contract and never bought anything else: two steps of the statement of `scores_sql`."""

from __future__ import annotations

from goodwill.clv import score_columns

__all__ = ["CONTRACT_REMARK", "subscribers"]

#: What a score says of contracts that are not valued, or not by tonight's fit; NULL where that values all.
CONTRACT_REMARK = """nullif(
            concat_ws(
                '; ',
                contracts.plan_remark,
                case
                    when contracts.contracts_not_modelled > 0
                        then 'contract: too few have ended to say how long they last, so it is not valued'
                    when contracts.contracts_without_amount > 0 then 'contract: what is paid for it is not known, so it is not valued'
                end
            ),
            ''
        )"""

#: The cost to serve is weighed with everybody's as that of a buyer is, and goes on over the horizon as theirs does.
_SUBSCRIBERS = """
served as (

    select
        contracts.*,
        parameters.as_of,
        {remark} as contract_remark,
        case
            when contracts.value_basis = 'revenue' then cast(0 as double)
            else
                (cast(coalesce(people.cost_to_serve_amount, 0) as double) + parameters.cost_credibility * population.cost_per_day)
                / (parameters.as_of - contracts.started_on + parameters.cost_credibility)
        end as cost_per_day
    from scoring_contracts as contracts
    cross join scoring_parameters as parameters
    cross join scoring_population as population
    left join intermediate.int_people as people
        on contracts.person_id = people.person_id
    left join intermediate.int_customer_facts as facts
        on contracts.person_id = facts.person_id
        and facts.purchase_days >= 1
    where facts.person_id is null

),

subscribers as (

    select
        served.person_id,
        'shifted_beta_geometric' as model_used,
        cast(0 as bigint) as x,
        cast(0 as bigint) as t_x_days,
        cast(served.as_of - served.started_on as bigint) as age_days,
        cast(1 as double) as p_alive,
        {nothing},
        served.margin_rate,
        served.value_basis = 'assumed_margin' as margin_is_assumed,
        served.value_basis,
        served.cost_per_day as cost_to_serve_per_day,
        served.contract_remark as fallback_reason,
        served.horizon_months,
        served.annual_discount_rate,
        'subscription' as business_model,
        served.subscription_plans,
        {values}
    from served
    left join scoring_days as calendar
        on served.annual_discount_rate = calendar.discount_rate

)
"""


def subscribers() -> str:
    """The steps `served` and `subscribers`, with the columns of the scores; what those do not have is left out."""
    nothing, values = (",\n        ".join(columns) for columns in (score_columns.nothing(), score_columns.of_subscribers()))
    return _SUBSCRIBERS.format(remark=CONTRACT_REMARK, nothing=nothing, values=values).strip()
