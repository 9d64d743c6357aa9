"""The SQL of the scores, over the averages of `averages_sql` and the look-up of histories: one statement, step by step up to the columns.

What depends on a history alone is looked up; a customer's own are spend, margin, cost and contracts. The columns that go by horizon are
made in `score_columns`.
"""

from __future__ import annotations

from goodwill.clv import score_columns, subscribers_sql
from goodwill.clv.averages_sql import AGE_BAND
from goodwill.clv.lookup import FARTHEST_DAYS
from goodwill.clv.soundness_sql import IMPOSSIBLE, SOUND_SPEND
from goodwill.clv.subscribers_sql import CONTRACT_REMARK

__all__ = ["scores"]

_GUEST = "guest order: nobody to recognise again, so nothing is expected from this record"
_DOMINANT = ", more than the others make plausible and too much of the whole; left out of the fits, "
_BY_THE_OTHERS, _BY_OWN_RATE = "scored by the parameters of the others", "and expected back at the own rate"
_UNKNOWN_SPEND = "spend: unknown or below zero; the average one is expected"
_ENDED = "contract: ended, and nothing was bought since; the brand sells by contract, so no payment is expected"

_SCORES = """
create or replace table model.clv_scores as
with

facts as (

    select
        *,
        {impossible} as impossible,
        {sound_spend} as is_spend_known
    from intermediate.int_customer_facts

),

-- a guest has no history that could be looked up, and no rate: nothing is expected
customers as (

    select
        facts.person_id,
        facts.is_guest,
        coalesce(facts.purchase_days - 1, 0) as x,
        coalesce(facts.t_x_days, 0) as t_x_days,
        coalesce(facts.age_days, 0) as age_days,
        case when not facts.is_guest and facts.impossible is null then models.model_group end as model_group,
        case
            when facts.is_guest then 'guest'
            when facts.impossible is not null then 'constant_rate'
            else coalesce(models.model, 'constant_rate')
        end as model_used,
        case
            when facts.is_guest then '{guest}'
            when facts.impossible is null and facts.is_spend_known and facts.purchase_days <= parameters.left_out_from_x then models.reason
            else concat_ws(
                '; ',
                'history: ' || facts.impossible || '; left out of the fits, and expected back at the rate of those who came in the same quarter, as far as it held in the last one',
                case
                    when facts.impossible is null and facts.purchase_days > parameters.left_out_from_x
                        then
                            'history: ' || (facts.purchase_days - 1) || ' repeat purchase days{dominant}'
                            || case when models.model is null then '{by_own_rate}' else '{by_the_others}' end
                end,
                case when not facts.is_spend_known then '{unknown_spend}' end,
                models.reason
            )
        end as reason,
        case
            when facts.is_guest then cast(0 as double)
            when models.model is null and facts.impossible is null and facts.purchase_days > parameters.left_out_from_x
                then (facts.purchase_days - 1) / cast(facts.age_days as double)
            when models.model is null or facts.impossible is not null
                then coalesce(cohorts.purchases_per_day, population.purchases_per_day) * pace.pace
        end as constant_rate,
        facts.is_spend_known,
        case when facts.is_spend_known then cast(coalesce(facts.repeat_amount, 0) as double) else 0 end as repeat_spend,
        case
            when facts.is_spend_known then cast(facts.first_amount + coalesce(facts.repeat_amount, 0) as double)
            else 0
        end as gross_spend,
        case when facts.is_spend_known then cast(facts.margin_amount as double) end as margin,
        coalesce(facts.margin_is_assumed, false) as margin_is_assumed,
        cast(coalesce(facts.cost_to_serve_amount, 0) as double) as cost_to_serve,
        parameters.* exclude (annual_discount_rate, horizon_months, left_out_from_x, season),
        parameters.margin_credibility * population.mean_spend as margin_weight,
        about.brand,
        coalesce(policies.horizon_months, parameters.horizon_months) as horizon_months,
        coalesce(policies.annual_discount_rate, parameters.annual_discount_rate) as annual_discount_rate,
        policies.margin_rate as policy_margin_rate,
        coalesce(policies.business_model, 'unit_sale') as business_model,
        policies.positioning,
        case when facts.last_subscription_ended_on >= facts.last_purchase_on then facts.last_subscription_ended_on end as contract_ended_on,
        population.mean_repeat_spend,
        coalesce(margins.margin_rate, population.margin_rate) as usual_margin_rate,
        spread.margin_spread,
        population.cost_per_day as population_cost_per_day
    from facts
    cross join scoring_parameters as parameters
    cross join scoring_population as population
    cross join scoring_spread as spread
    cross join scoring_pace as pace
    left join scoring_margins as margins
        on facts.first_category = margins.first_category
    left join scoring_cohorts as cohorts
        on {age_band} = cohorts.age_band
    left join intermediate.int_clv_customers as about
        on facts.person_id = about.person_id
    left join scoring_policies as policies
        on about.brand = policies.name
    left join scoring_models as models
        on coalesce(about.model_group, 'all') = models.model_group

),

rated as (

    select
        customers.*,
        case
            when p is null and not is_spend_known then mean_repeat_spend
            when p is null then (spend_credibility * mean_repeat_spend + repeat_spend) / (spend_credibility + x)
            when x > 0 and repeat_spend > 0 then p * (v + repeat_spend) / (p * x + q - 1)
            else p * v / (q - 1)
        end as expected_spend,
        case
            when policy_margin_rate is not null then policy_margin_rate
            when usual_margin_rate is null then coalesce(assumed_margin_rate, 1)
            when margin is null then usual_margin_rate
            else (margin + margin_weight * usual_margin_rate) / (gross_spend + margin_weight)
        end as margin_rate,
        case
            when policy_margin_rate is not null or usual_margin_rate is null or margin is null then cast(0 as double)
            else coalesce(margin_spread * sqrt(margin_weight / nullif(gross_spend + margin_weight, 0)), 0)
        end as margin_deviation,
        case
            when policy_margin_rate is not null then 'assumed_margin'
            when usual_margin_rate is null and assumed_margin_rate is null then 'revenue'
            when usual_margin_rate is null or margin is null or margin_is_assumed then 'assumed_margin'
            else 'margin'
        end as value_basis,
        case
            when is_guest or coalesce(policy_margin_rate, usual_margin_rate, assumed_margin_rate) is null then cast(0 as double)
            else (cost_to_serve + cost_credibility * population_cost_per_day) / (greatest(age_days, 0) + cost_credibility)
        end as cost_per_day
    from customers

),

-- P(alive) is in every looked-up expectation already, once
expected as (

    select
        rated.*,
        coalesce(said.p_alive, case when rated.is_guest then cast(0 as double) else cast(1 as double) end) as p_alive,
        coalesce(
            said.next_purchase_days,
            case when ln(2) / nullif(rated.constant_rate, 0) <= {farthest} then greatest(ceil(ln(2) / rated.constant_rate), 1) end
        ) as next_purchase_days,
        case
            when rated.business_model = 'subscription' and contracts.subscription_plans is null and rated.contract_ended_on is not null then 0.0
            else rated.expected_spend * rated.margin_rate
        end as value_of_a_purchase,
        case when rated.p is null then rated.expected_spend else rated.v + rated.repeat_spend end as spend_unit,
        -- where the brand sells by contract, the orders of a subscriber are its payments and are not counted again; once the contract has
        -- ended there are no more of them
        case
            when rated.business_model = 'subscription' and (contracts.subscription_plans is not null or rated.contract_ended_on is not null) then 0.0
            else 1.0
        end as counted,
        contracts.subscription_plans,
        case
            when rated.business_model = 'subscription' and contracts.subscription_plans is null and rated.contract_ended_on is not null
                then '{ended}'
            else {contract_remark}
        end as contract_remark,
        {expected}
    from rated
    left join scoring_days as calendar
        on rated.annual_discount_rate = calendar.discount_rate
    left join scoring_histories as said
        on rated.model_group = said.model_group
        and rated.x = said.x
        and rated.t_x_days = said.t_x_days
        and rated.age_days = said.age_days
    left join scoring_contracts as contracts
        on rated.person_id = contracts.person_id

),

valued as (

    select
        *,
        {valued}
    from expected

),
{intervals}
buyers as (

    select
        person_id,
        model_used,
        x,
        t_x_days,
        age_days,
        p_alive,
        {purchases},
        expected_spend,
        margin_rate,
        value_basis = 'assumed_margin' as margin_is_assumed,
        value_basis,
        cost_per_day as cost_to_serve_per_day,
        {values},
        as_of + cast(next_purchase_days as integer) as expected_next_purchase_on,
        case when contract_remark is not null then concat_ws('; ', reason, contract_remark) else reason end as fallback_reason,
        brand,
        horizon_months,
        annual_discount_rate,
        business_model,
        positioning,
        subscription_plans,
        {bounds}
    from {last}

),

{subscribers}

select * from buyers
union all by name
select * from subscribers
"""

#: Between the values and the columns, where a model has intervals: from units of spend to value, the bounds of spend times the margin rate,
#: then apart by what is not known of that rate.
_INTERVALS = """
ends as (

    select
        *,
        {ends}
    from valued

),

bounded as (

    select
        *,
        {bounded}
    from ends

),
"""


def scores(rates: int, with_intervals: bool) -> str:
    """The statement that writes `model.clv_scores`.

    Parameters
    ----------
    rates : how many discount rates the look-up of histories has, numbered from 0 as `scoring_days` numbers them.
    with_intervals : false where nobody's bounds are known; they are empty then.
    """
    return _SCORES.format(
        impossible=IMPOSSIBLE,
        sound_spend=SOUND_SPEND,
        guest=_GUEST,
        dominant=_DOMINANT,
        by_the_others=_BY_THE_OTHERS,
        by_own_rate=_BY_OWN_RATE,
        unknown_spend=_UNKNOWN_SPEND,
        ended=_ENDED,
        contract_remark=CONTRACT_REMARK,
        farthest=FARTHEST_DAYS,
        age_band=AGE_BAND,
        expected=_lines(score_columns.expected(rates, with_intervals)),
        valued=_lines(score_columns.valued()),
        intervals=_INTERVALS.format(ends=_lines(score_columns.ends()), bounded=_lines(score_columns.bounded())) if with_intervals else "",
        last="bounded" if with_intervals else "valued",
        purchases=_lines(score_columns.purchases()),
        values=_lines(score_columns.values()),
        bounds=_lines(score_columns.bounds(with_intervals)),
        subscribers=subscribers_sql.subscribers(),
    )


def _lines(columns: list[str]) -> str:
    return ",\n        ".join(columns)
