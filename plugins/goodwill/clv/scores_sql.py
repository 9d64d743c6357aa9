"""The SQL of the scores, over the averages of `averages_sql`: what contracts are worth, then each customer's steps up to the published columns."""

from __future__ import annotations

from goodwill.clv.averages_sql import AGE_BAND
from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS
from goodwill.clv.intervals import LEVELS

__all__ = ["contracts", "interval_outputs", "scores"]

#: Half-widths of a normal's 80 and 95 % intervals, in standard deviations.
_Z = {80: 1.2815515655446004, 95: 1.959963984540054}

#: One row a person with a running contract of a fitted plan: what the contracts are still worth.
CONTRACTS = """
create or replace temp table scoring_contracts as
with

contracts as (

    select
        contracts.*,
        cast(contracts.amount as double)
        * coalesce(parameters.assumed_margin_rate, population.margin_rate, 1)
        * power(1 + parameters.annual_discount_rate, -contracts.days_to_renewal / 365.25) as payment
    from intermediate.int_contracts__running as contracts
    cross join scoring_parameters as parameters
    cross join scoring_population as population

)

select
    contracts.person_id,
    count(*) as contracts,
    min(contracts.started_on) as started_on,
    string_agg(distinct contracts.plan, ', ' order by contracts.plan) as subscription_plans,
    count(*) filter (where ahead_12.payments is null) as contracts_not_modelled,
    {sums}
from contracts
{joins}
group by contracts.person_id
"""

_SCORES = """
create or replace table model.clv_scores as
with

customers as (

    select
        facts.person_id,
        facts.is_guest,
        facts.purchase_days - 1 as x,
        coalesce(facts.t_x_days, 0) as t_x_days,
        facts.age_days,
        cast(coalesce(facts.repeat_amount, 0) as double) as repeat_spend,
        cast(facts.first_amount + coalesce(facts.repeat_amount, 0) as double) as gross_spend,
        cast(facts.margin_amount as double) as margin,
        coalesce(facts.margin_is_assumed, false) as margin_is_assumed,
        cast(coalesce(facts.cost_to_serve_amount, 0) as double) as cost_to_serve,
        parameters.* exclude (annual_discount_rate, horizon_months),
        about.brand,
        coalesce(policies.horizon_months, parameters.horizon_months) as horizon_months,
        coalesce(policies.annual_discount_rate, parameters.annual_discount_rate) as annual_discount_rate,
        policies.margin_rate as policy_margin_rate,
        policies.business_model,
        policies.positioning,
        models.model,
        models.model_group,
        models.refusal as purchase_refusal,
        models.remark as model_remark,
        models.has_intervals,
        coalesce(cohorts.purchases_per_day, population.purchases_per_day) as purchases_per_day,
        population.mean_repeat_spend,
        population.mean_spend,
        coalesce(margins.margin_rate, population.margin_rate) as usual_margin_rate,
        spread.margin_spread,
        population.cost_per_day as population_cost_per_day
    from intermediate.int_customer_facts as facts
    cross join scoring_parameters as parameters
    cross join scoring_population as population
    cross join scoring_spread as spread
    left join scoring_margins as margins
        on facts.first_category = margins.first_category
    left join scoring_cohorts as cohorts
        on {age_band} = cohorts.age_band
    left join intermediate.int_clv_customers as about
        on facts.person_id = about.person_id
    left join scoring_policies as policies
        on about.brand = policies.brand
    left join scoring_models as models
        on coalesce(about.model_group, 'all') = models.model_group
    where facts.purchase_days >= 1

),

judged as (

    select
        customers.*,
        said.p_alive as model_p_alive,
        said.next_purchase_days as model_next_purchase_days,
        {said},
        case
            when customers.is_guest then 'guest'
            else coalesce(customers.model, 'constant_rate')
        end as model_used,
        case
            when customers.is_guest then cast(0 as double)
            when customers.model is null then cast(1 as double)
            else said.p_alive
        end as p_alive,
        case
            when p is null then (spend_credibility * mean_repeat_spend + repeat_spend) / (spend_credibility + customers.x)
            when customers.x > 0 and repeat_spend > 0 then p * (v + repeat_spend) / (p * customers.x + q - 1)
            else p * v / (q - 1)
        end as expected_spend,
        case
            when policy_margin_rate is not null then policy_margin_rate
            when usual_margin_rate is null then coalesce(assumed_margin_rate, 1)
            when margin is null then usual_margin_rate
            else (margin + margin_credibility * mean_spend * usual_margin_rate) / (gross_spend + margin_credibility * mean_spend)
        end as margin_rate,
        case
            when policy_margin_rate is not null or usual_margin_rate is null or margin is null then cast(0 as double)
            else margin_spread * sqrt(margin_credibility * mean_spend / nullif(gross_spend + margin_credibility * mean_spend, 0))
        end as margin_deviation,
        case
            when policy_margin_rate is not null then 'assumed_margin'
            when usual_margin_rate is null and assumed_margin_rate is null then 'revenue'
            when usual_margin_rate is null or margin is null or margin_is_assumed then 'assumed_margin'
            else 'margin'
        end as value_basis,
        case
            when is_guest or (usual_margin_rate is null and assumed_margin_rate is null) then cast(0 as double)
            else (cost_to_serve + cost_credibility * population_cost_per_day) / (customers.age_days + cost_credibility)
        end as cost_per_day,
        case
            when is_guest then 'guest order: nobody to recognise again, so nothing is expected from this record'
            else nullif(
                concat_ws(
                    '; ',
                    case
                        when customers.model is null then
                            'purchases: ' || coalesce(purchase_refusal, 'not fitted') || '; everybody is expected back at the rate of those who came in the same quarter'
                        else model_remark
                    end,
                    case
                        when p is null then 'spend: ' || coalesce(spend_refusal, 'not fitted') || '; own mean, weighed with the average one'
                        else spend_remark
                    end
                ), ''
            )
        end as fallback_reason
    from customers
    left join scoring_tuples as said
        on customers.model_group = said.model_group
        and customers.x = said.x
        and customers.t_x_days = said.t_x_days
        and customers.age_days = said.age_days

),

expected as (

    select
        judged.*,
        judged.expected_spend * judged.margin_rate as value_of_a_purchase,
        case when judged.p is null then judged.expected_spend else judged.v + judged.repeat_spend end as spend_unit,
        case
            when judged.is_guest then null
            when judged.model is null then ln(2) / nullif(judged.purchases_per_day, 0)
            else judged.model_next_purchase_days
        end as next_purchase_days,
        contracts.subscription_plans,
        contracts.contracts_not_modelled,
        {expectations}
    from judged
    left join scoring_lookup as lookup
        on judged.model_group = lookup.model_group
        and judged.x = lookup.x
        and judged.age_days = lookup.age_days
        and judged.annual_discount_rate = lookup.discount_rate
    left join scoring_days as calendar
        on judged.annual_discount_rate = calendar.discount_rate
    left join scoring_contracts as contracts
        on judged.person_id = contracts.person_id

),

-- from units of spend to value: the bounds of spend times the margin rate, then apart by what is not known of that rate
bounded as (

    select
        *,
        {bounds}
    from expected

),

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
        case
            when next_purchase_days <= 36 * 365.25 / 12 then as_of + cast(greatest(ceil(next_purchase_days), 1) as integer)
        end as expected_next_purchase_on,
        case
            when contracts_not_modelled > 0
                then concat_ws('; ', fallback_reason, 'contract: too few have ended to say how long they last, so it is not valued')
            else fallback_reason
        end as fallback_reason,
        brand,
        horizon_months,
        annual_discount_rate,
        coalesce(business_model, 'unit_sale') as business_model,
        positioning,
        subscription_plans,
        {interval_columns}
    from bounded

),

-- people who have a contract and never bought anything else
subscribers as (

    select
        contracts.person_id,
        'shifted_beta_geometric' as model_used,
        cast(0 as bigint) as x,
        cast(0 as bigint) as t_x_days,
        cast(parameters.as_of - contracts.started_on as bigint) as age_days,
        cast(1 as double) as p_alive,
        {nothing},
        coalesce(parameters.assumed_margin_rate, population.margin_rate, 1) as margin_rate,
        parameters.assumed_margin_rate is not null as margin_is_assumed,
        case
            when parameters.assumed_margin_rate is not null then 'assumed_margin'
            when population.margin_rate is not null then 'margin'
            else 'revenue'
        end as value_basis,
        case
            when contracts.contracts_not_modelled > 0
                then 'contract: too few have ended to say how long they last, so it is not valued'
        end as fallback_reason,
        parameters.horizon_months,
        parameters.annual_discount_rate,
        'subscription' as business_model,
        contracts.subscription_plans,
        {subscriber_values}
    from scoring_contracts as contracts
    cross join scoring_parameters as parameters
    cross join scoring_population as population
    left join buyers
        on contracts.person_id = buyers.person_id
    where buyers.person_id is null

)

select * from buyers
union all by name
select * from subscribers
"""


def interval_outputs() -> list[str]:
    """The published bounds, in their order: purchases to the day horizons, value to the month horizons."""
    names = [f"purchases_{days}" for days in DAY_HORIZONS] + [f"clv_{months}" for months in MONTH_HORIZONS]
    return [f"{name}_{side}_{level}" for name in names for level in LEVELS for side in ("low", "high")]


def contracts() -> str:
    """The statement that writes `scoring_contracts`."""
    sums, joins = [], []
    for months in MONTH_HORIZONS:
        ahead = f"ahead_{months}"
        joins.append(
            f"left join scoring_renewals as {ahead}\n    on contracts.plan = {ahead}.plan\n    and contracts.period_days = {ahead}.period_days\n"
            f"    and contracts.periods = {ahead}.periods\n    and contracts.renewals_{months} = {ahead}.renewals"
        )
        for name in ("", *(f"_{side}_{level}" for level in LEVELS for side in ("low", "high"))):
            sums.append(f"coalesce(sum(contracts.payment * {ahead}.payments{name}), 0) as value_{months}{name}")
    sums.append("sum(contracts.payment * ahead_12.payments_ever) as value_ever")
    return CONTRACTS.format(sums=",\n    ".join(sums), joins="\n".join(joins))


def scores() -> str:
    """The statement that writes `model.clv_scores`."""
    columns = [f"at_{days}" for days in DAY_HORIZONS]
    columns += [f"{kind}_{months}" for kind in ("plain", "discounted") for months in MONTH_HORIZONS]
    units = [f"units_{months}_{side}_{level}" for months in MONTH_HORIZONS for level in LEVELS for side in ("low", "high")]
    counts = [f"purchases_{days}_{side}_{level}" for days in DAY_HORIZONS for level in LEVELS for side in ("low", "high")]
    contract = [f"contract_{months}{name}" for months in MONTH_HORIZONS for name in ("", *_sides())]
    money = "cast(round({}, 2) as decimal(18, 2)) as {}"
    values = [money.format(f"at_{days} * value_of_a_purchase - cost_per_day * {days}", f"expected_value_{days}") for days in DAY_HORIZONS]
    values += [money.format(f"own_value_{months} + contract_{months}", f"clv_{months}") for months in MONTH_HORIZONS]
    values += [money.format(f"contract_{months}", f"subscription_value_{months}") for months in MONTH_HORIZONS]
    values += [money.format("contract_ever", "subscription_value_ever")]
    by_policy = " ".join(f"when {months} then own_value_{months} + contract_{months}" for months in MONTH_HORIZONS)
    values += [money.format(f"case horizon_months {by_policy} end", "clv")]
    nothing = [f"cast(0 as double) as expected_purchases_{days}" for days in DAY_HORIZONS]
    nothing += ["cast(0 as double) as expected_spend", "cast(0 as double) as cost_to_serve_per_day"]
    nothing += [money.format("0", f"expected_value_{days}") for days in DAY_HORIZONS]
    nothing += [f"cast(0 as integer) as {name}" for name in counts]
    subscriber = [
        money.format(f"contracts.value_{months}", name)
        for months in MONTH_HORIZONS
        for name in (f"clv_{months}", f"subscription_value_{months}")
    ]
    subscriber += [money.format("contracts.value_ever", "subscription_value_ever")]
    by_horizon = " ".join(f"when {months} then contracts.value_{months}" for months in MONTH_HORIZONS)
    subscriber += [money.format(f"case parameters.horizon_months {by_horizon} end", "clv")]
    subscriber += [money.format(f"contracts.value_{months}{name}", f"clv_{months}{name}") for months in MONTH_HORIZONS for name in _sides()]
    return _SCORES.format(
        age_band=AGE_BAND,
        said=",\n        ".join(f"said.{name}" for name in (*counts, *units)),
        expectations=",\n        ".join(
            [_expectation(column) for column in columns]
            + [f"calendar.discounted_{months} as discounted_days_{months}" for months in MONTH_HORIZONS]
            + [f"coalesce(contracts.{name.replace('contract', 'value')}, 0) as {name}" for name in contract]
            + ["contracts.value_ever as contract_ever"]
        ),
        bounds=",\n        ".join(
            [_own_value(months) for months in MONTH_HORIZONS]
            + [_bound(months, side, level) for months in MONTH_HORIZONS for level in LEVELS for side in ("low", "high")]
        ),
        purchases=",\n        ".join(f"at_{days} as expected_purchases_{days}" for days in DAY_HORIZONS),
        values=",\n        ".join(values),
        interval_columns=",\n        ".join(
            [
                *counts,
                *(
                    money.format(f"{_outer(months, name)} + contract_{months}{name}", f"clv_{months}{name}")
                    for months in MONTH_HORIZONS
                    for name in _sides()
                ),
            ]
        ),
        nothing=",\n        ".join(nothing),
        subscriber_values=",\n        ".join(subscriber),
    )


def _sides() -> list[str]:
    return [f"_{side}_{level}" for level in LEVELS for side in ("low", "high")]


def _outer(months: int, name: str) -> str:
    """A bound that no interval of a lower level reaches beyond: where little is known of the margin rate, a bound near 0 is the surer one."""
    _, side, level = name.split("_")
    inner = [f"bound_{months}_{side}_{other}" for other in LEVELS if other <= int(level)]
    return f"{'least' if side == 'low' else 'greatest'}({', '.join(inner)})"


def _expectation(column: str) -> str:
    """Expected purchases to a horizon: P(alive) enters here, once."""
    kind, length = column.split("_")
    days = length if kind == "at" else f"calendar.{column}"
    return (
        f"case when judged.is_guest then cast(0 as double) when judged.model is null then judged.purchases_per_day * {days} "
        f"else judged.p_alive * lookup.{column} end as {column}"
    )


def _own_value(months: int) -> str:
    """Value of purchases to a horizon; where the brand sells by contract, the orders of a subscriber are its payments and not counted again."""
    return (
        f"case when business_model = 'subscription' and subscription_plans is not null then cast(0 as double) "
        f"else discounted_{months} * value_of_a_purchase - cost_per_day * discounted_days_{months} end as own_value_{months}"
    )


def _bound(months: int, side: str, level: int) -> str:
    """A bound of the value of purchases: that of spend, times the margin rate, moved outwards by what is not known of the rate."""
    share = f"coalesce(discounted_{months} / nullif(plain_{months}, 0), 0)"
    low, high = (f"units_{months}_{name}_{level} * spend_unit * {share}" for name in ("low", "high"))
    first, last = (low, high) if side == "low" else (high, low)
    spend = f"(case when margin_rate >= 0 then {first} else {last} end)"
    mean, sign = f"discounted_{months} * value_of_a_purchase", "-" if side == "low" else "+"
    apart = (
        f"(sqrt(power({spend} * margin_rate - {mean}, 2) + power({_Z[level]!r} * {spend} * margin_deviation, 2)) "
        f"- abs({spend} * margin_rate - {mean}))"
    )
    return (
        f"case when is_guest or model is null or not has_intervals then null "
        f"when business_model = 'subscription' and subscription_plans is not null then cast(0 as double) "
        f"else {spend} * margin_rate {sign} {apart} - cost_per_day * discounted_days_{months} end as bound_{months}_{side}_{level}"
    )
