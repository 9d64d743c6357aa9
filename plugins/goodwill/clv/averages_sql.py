"""The SQL of what is typical, which a customer's own history is weighed with: of everybody, of a first category, of a time of acquisition.

Amounts are summed as decimals and doubles are rounded, so that the order in which threads sum does not show.
"""

from __future__ import annotations

from goodwill.clv.soundness_sql import SOUND_SPEND
from goodwill.clv.tuples import BUYERS, PAYERS, POSSIBLE

__all__ = ["AGE_BAND", "PACE_DAYS", "STATEMENTS", "TABLES"]

#: Days of first purchases that are taken together where no model scores, and of the last purchases that say how far their rates hold.
PACE_DAYS = _BAND = 91
#: How many days of everybody a band of first purchases is weighed with: thirty customers over a year.
_BAND_CREDIBILITY = 30 * 365
#: How many purchases of the last quarter, at the usual rate, its real ones are weighed with.
_PACE_CREDIBILITY = 10
#: The tuples that a rate is taken of: those that take part in the fits.
_COUNTED = f"{POSSIBLE} and x < left_out_from_x and {BUYERS}"
#: The customers that an average is taken of: a till weighs in none, nor do amounts that cannot be.
_TYPICAL = f"purchase_days between 1 and left_out_from_x and {SOUND_SPEND}"

#: One row: what is typical of everybody.
_POPULATION = f"""
create or replace temp table scoring_population as
with

repeats as (

    select coalesce(sum(x * customers) / nullif(sum(age_days * customers), 0), 0) as purchases_per_day
    from intermediate.int_rfm_tuples
    cross join scoring_parameters
    where {_COUNTED}

),

spend as (

    select sum(mean_repeat_cents * customers) / cast(nullif(sum(customers), 0) as double) / 100 as mean_repeat_spend
    from intermediate.int_spend_tuples
    cross join scoring_parameters
    where x < left_out_from_x and {BUYERS}

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
    cross join scoring_parameters
    where age_days >= 0 and {_TYPICAL}

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

#: One row a first category: its margin rate, weighed with everybody's as a customer's own is weighed with it.
_MARGINS = f"""
create or replace temp table scoring_margins as
select
    facts.first_category,
    (
        cast(sum(facts.margin_amount) as double)
        + max(parameters.margin_credibility * population.mean_spend * population.margin_rate)
    ) / (
        cast(sum(facts.first_amount + coalesce(facts.repeat_amount, 0)) as double)
        + max(parameters.margin_credibility * population.mean_spend)
    ) as margin_rate
from intermediate.int_customer_facts as facts
cross join scoring_parameters as parameters
cross join scoring_population as population
where facts.first_category is not null and facts.margin_amount is not null and {_TYPICAL}
group by facts.first_category
"""

#: One row: how differently customers earn, the spread of their own rates around that of their category, each weighing what it was earned on.
_SPREAD = f"""
create or replace temp table scoring_spread as
select
    round(
        coalesce(sqrt(sum(gross * power(least(greatest(margin / gross - usual, -2), 2), 2)) / nullif(sum(gross), 0)), 0), 8
    ) as margin_spread
from (
    select
        cast(facts.first_amount + coalesce(facts.repeat_amount, 0) as double) as gross,
        cast(facts.margin_amount as double) as margin,
        coalesce(margins.margin_rate, population.margin_rate) as usual
    from intermediate.int_customer_facts as facts
    cross join scoring_population as population
    cross join scoring_parameters
    left join scoring_margins as margins
        on facts.first_category = margins.first_category
    where
        facts.purchase_days >= 2
        and facts.margin_amount is not null
        and facts.first_amount + coalesce(facts.repeat_amount, 0) > 0
        and {_TYPICAL}
) as known
"""

#: One row a quarter of first purchases: how often its customers came back, which is what is expected of them where no model scores.
_COHORTS = f"""
create or replace temp table scoring_cohorts as
select
    cast(floor(tuples.age_days / {_BAND}.0) as bigint) as age_band,
    (sum(tuples.x * tuples.customers) + {_BAND_CREDIBILITY} * max(population.purchases_per_day))
    / (sum(tuples.age_days * tuples.customers) + {_BAND_CREDIBILITY}) as purchases_per_day
from intermediate.int_rfm_tuples as tuples
cross join scoring_population as population
cross join scoring_parameters
where {_COUNTED}
group by 1
"""

#: One row: how far the rates of the quarters hold in the last one. What customers did in all their time says nothing of a shop that has
#: stood still since; more than their own history bears out is not expected, whatever the season was. Of weeks out of season no more is
#: asked than what they brought a year before.
_PACE = f"""
create or replace temp table scoring_pace as
with

usual as (

    select coalesce(sum(tuples.customers * cohorts.purchases_per_day * least(tuples.age_days, {_BAND})), 0) as purchases
    from intermediate.int_rfm_tuples as tuples
    cross join scoring_parameters
    inner join scoring_cohorts as cohorts
        on cast(floor(tuples.age_days / {_BAND}.0) as bigint) = cohorts.age_band
    where {_COUNTED}

),

newcomers as (

    select coalesce(sum(customers), 0) as customers
    from intermediate.int_rfm_tuples
    cross join scoring_parameters
    where {_COUNTED} and age_days < {_BAND}

),

left_out as (

    select facts.person_id
    from intermediate.int_customer_facts as facts
    cross join scoring_parameters as parameters
    where facts.purchase_days > parameters.left_out_from_x
    union all
    from {PAYERS}

),

recent as (

    select count(*) as purchases
    from intermediate.int_purchase_days as days
    cross join scoring_parameters as parameters
    anti join left_out
        on days.person_id = left_out.person_id
    where not days.is_guest and days.purchased_on > parameters.as_of - {_BAND} and days.purchased_on <= parameters.as_of

)

select
    round(
        least(
            (greatest(recent.purchases - newcomers.customers, 0) + {_PACE_CREDIBILITY})
            / (usual.purchases * least(parameters.season, 1) + {_PACE_CREDIBILITY}), 1
        ), 8
    ) as pace
from usual
cross join newcomers
cross join recent
cross join scoring_parameters as parameters
"""

#: In the order in which they can be made; `scoring_parameters` stands before them.
STATEMENTS = (_POPULATION, _MARGINS, _SPREAD, _COHORTS, _PACE)
TABLES = ("scoring_population", "scoring_margins", "scoring_spread", "scoring_cohorts", "scoring_pace")

#: SQL: the band of first purchases of the column `age_days`.
AGE_BAND = f"cast(floor(facts.age_days / {_BAND}.0) as bigint)"
