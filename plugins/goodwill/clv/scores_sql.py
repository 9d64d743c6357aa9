"""The SQL of the scores. Read in this order: the population's averages, then each customer's steps up to the published columns."""

from __future__ import annotations

from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS
from goodwill.clv.purchases import ModelName, p_alive_sql

__all__ = ["POPULATION", "scores"]

#: One row: what is typical of everybody. Amounts are summed as decimals, so the averages do not depend on threads.
POPULATION = """
create or replace temp table scoring_population as
with

repeats as (

    select coalesce(sum(x * customers) / nullif(sum(age_days * customers), 0), 0) as purchases_per_day
    from intermediate.int_rfm_tuples

),

spend as (

    select sum(mean_repeat_cents * customers) / cast(nullif(sum(customers), 0) as double) / 100 as mean_repeat_spend
    from intermediate.int_spend_tuples

),

facts as (

    select
        cast(avg(first_amount) as double) as mean_first_spend,
        cast(sum(first_amount + coalesce(repeat_amount, 0)) as double) / nullif(sum(purchase_days), 0) as mean_spend,
        cast(sum(margin_amount) as double)
        / nullif(cast(sum(first_amount + coalesce(repeat_amount, 0)) filter (where margin_amount is not null) as double), 0) as margin_rate,
        coalesce(
            cast(sum(cost_to_serve_amount) filter (where not is_guest) as double)
            / nullif(sum(age_days) filter (where not is_guest), 0), 0
        ) as cost_per_day
    from intermediate.int_customer_facts
    where purchase_days >= 1

)

select
    repeats.purchases_per_day,
    coalesce(spend.mean_repeat_spend, facts.mean_first_spend, 0) as mean_repeat_spend,
    coalesce(facts.mean_spend, 0) as mean_spend,
    facts.margin_rate,
    facts.cost_per_day
from repeats
cross join spend
cross join facts
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
        parameters.*,
        population.purchases_per_day,
        population.mean_repeat_spend,
        population.mean_spend,
        population.margin_rate as population_margin_rate,
        population.cost_per_day as population_cost_per_day
    from intermediate.int_customer_facts as facts
    cross join scoring_parameters as parameters
    cross join scoring_population as population
    where facts.purchase_days >= 1

),

judged as (

    select
        *,
        case
            when is_guest then 'guest'
            else coalesce(model, 'constant_rate')
        end as model_used,
        case
            when is_guest then cast(0 as double)
            when model is null then cast(1 as double)
            else {p_alive}
        end as p_alive,
        case
            when p is null then (spend_credibility * mean_repeat_spend + repeat_spend) / (spend_credibility + x)
            when x > 0 and repeat_spend > 0 then p * (v + repeat_spend) / (p * x + q - 1)
            else p * v / (q - 1)
        end as expected_spend,
        case
            when population_margin_rate is null then coalesce(assumed_margin_rate, 1)
            when margin is null then population_margin_rate
            else (margin + margin_credibility * mean_spend * population_margin_rate) / (gross_spend + margin_credibility * mean_spend)
        end as margin_rate,
        case
            when population_margin_rate is null and assumed_margin_rate is null then 'revenue'
            when population_margin_rate is null or margin is null or margin_is_assumed then 'assumed_margin'
            else 'margin'
        end as value_basis,
        case
            when is_guest or (population_margin_rate is null and assumed_margin_rate is null) then cast(0 as double)
            else (cost_to_serve + cost_credibility * population_cost_per_day) / (age_days + cost_credibility)
        end as cost_per_day,
        case
            when is_guest then 'guest order: nobody to recognise again, so nothing is expected from this record'
            else nullif(
                concat_ws(
                    '; ',
                    case
                        when model is null then
                            'purchases: ' || coalesce(purchase_refusal, 'not fitted') || '; everybody is expected back at the average rate'
                    end,
                    case
                        when p is null then 'spend: ' || coalesce(spend_refusal, 'not fitted') || '; own mean, weighed with the average one'
                    end
                ), ''
            )
        end as fallback_reason
    from customers

),

expected as (

    select
        judged.*,
        judged.expected_spend * judged.margin_rate as value_of_a_purchase,
        case
            when judged.is_guest then null
            when judged.model is null then ln(2) / nullif(judged.purchases_per_day, 0)
            when judged.p_alive > 0.5 then
                7 * (judged.alpha + judged.age_days / cast(7 as double))
                * (exp(least(-ln(greatest(1 - 0.5 / judged.p_alive, 1e-300)) / (judged.r + judged.x), 700)) - 1)
        end as next_purchase_days,
        {expectations}
    from judged
    left join scoring_lookup as lookup
        on judged.x = lookup.x
        and judged.age_days = lookup.age_days

)

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
    fallback_reason
from expected
"""


def scores(model: ModelName | None) -> str:
    """The statement that writes `model.clv_scores`; `model` is the one whose parameters score tonight, None where none was accepted."""
    columns = [f"at_{days}" for days in DAY_HORIZONS] + [f"discounted_{months}" for months in MONTH_HORIZONS]
    # worth of one purchase a day over the horizon: days, or discounted days
    days = [str(horizon) for horizon in DAY_HORIZONS] + [f"discounted_days_{months}" for months in MONTH_HORIZONS]
    published = [f"expected_value_{horizon}" for horizon in DAY_HORIZONS] + [f"clv_{months}" for months in MONTH_HORIZONS]
    return _SCORES.format(
        p_alive=p_alive_sql(model or "mbg_nbd"),
        expectations=",\n        ".join(_expectation(column, length) for column, length in zip(columns, days, strict=True)),
        purchases=",\n    ".join(f"at_{horizon} as expected_purchases_{horizon}" for horizon in DAY_HORIZONS),
        values=",\n    ".join(
            f"cast(round({column} * value_of_a_purchase - cost_per_day * {length}, 2) as decimal(18, 2)) as {name}"
            for column, length, name in zip(columns, days, published, strict=True)
        ),
    )


def _expectation(column: str, length: str) -> str:
    """Expected purchases to a horizon: P(alive) enters here, once."""
    return (
        f"case when judged.is_guest then cast(0 as double) when judged.model is null then judged.purchases_per_day * {length} "
        f"else judged.p_alive * lookup.{column} end as {column}"
    )
