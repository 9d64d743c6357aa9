-- grain: month, scope and acquisition channel with new customers: what they had earned by which age, and when it covered their cost
with

totals as (

    select * from {{ ref('int_acquisition_totals') }}
    where customers_count > 0

),

scopes as (

    select * from {{ ref('int_acquisition_scopes') }}
    where has_customers

),

margins as (

    select * from {{ ref('int_acquired_margins') }}

),

clock as (

    select
        {{ as_of() }} as as_of,
        {{ setting('acquisition_payback_months') }} as payback_months

),

-- what the customers of a cell earned at each month of age
earned as (

    select
        acquired_month as month,
        acquisition_channel,
        is_referred,
        age_months,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from margins
    group by acquired_month, acquisition_channel, is_referred, age_months

),

earned_by_age as (

    select
        scopes.scope,
        scopes.month,
        scopes.shown_channel as acquisition_channel,
        earned.age_months,
        sum(earned.margin_amount) as margin_amount,
        sum(earned.unknown_margins_count) as unknown_margins_count
    from scopes
    inner join earned
        on scopes.month = earned.month
        and scopes.acquisition_channel = earned.acquisition_channel
        and scopes.is_referred = earned.is_referred
    group by scopes.scope, scopes.month, scopes.shown_channel, earned.age_months

),

ages as (

    select
        totals.month,
        totals.scope,
        totals.acquisition_channel,
        totals.cost_amount,
        totals.last_on,
        clock.as_of,
        clock.payback_months,
        {{ series_to('greatest(24, clock.payback_months)') }} as age_months
    from totals
    cross join clock

),

-- a month of age that not every customer can have reached is unknown, and so is a sum with an unknown margin in it
curve as (

    select
        ages.*,
        {{ add_months('ages.last_on', 'ages.age_months') }} <= ages.as_of
        and sum(coalesce(earned_by_age.unknown_margins_count, 0)) over earlier = 0 as is_known,
        sum(coalesce(earned_by_age.margin_amount, 0)) over earlier as cumulative_amount
    from ages
    left join earned_by_age
        on ages.month = earned_by_age.month
        and ages.scope = earned_by_age.scope
        and ages.acquisition_channel = earned_by_age.acquisition_channel
        and ages.age_months = earned_by_age.age_months
    window earlier as (
        partition by ages.month, ages.scope, ages.acquisition_channel
        order by ages.age_months asc nulls last
        rows between unbounded preceding and current row
    )

)

select
    month,
    scope,
    acquisition_channel,
    max(cumulative_amount) filter (where age_months = 3 and is_known) as margin_3,
    max(cumulative_amount) filter (where age_months = 6 and is_known) as margin_6,
    max(cumulative_amount) filter (where age_months = 12 and is_known) as margin_12,
    max(cumulative_amount) filter (where age_months = 24 and is_known) as margin_24,
    min(age_months) filter (where age_months <= payback_months and is_known and cumulative_amount >= cost_amount) as payback_months,
    bool_or(age_months = payback_months and is_known) as is_watched_to_the_end
from curve
group by month, scope, acquisition_channel
