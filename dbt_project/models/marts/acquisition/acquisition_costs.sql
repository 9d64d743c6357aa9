-- grain: month, scope and acquisition channel ('all' in every scope but `channel`); scopes overlap, ratios never add up
with

spend as (

    select * from {{ ref('int_marketing_spend__purposed') }}

),

margins as (

    select * from {{ ref('int_acquired_margins') }}

),

customers as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    where not is_guest

),

clock as (

    select
        {{ as_of() }} as as_of,
        {{ setting('acquisition_payback_months') }} as payback_months,
        (select min(spend_month) from spend) as first_month

),

months as (

    select
        {{ add_months('first_month', 'month_offset') }} as month
    from (
        select
            first_month,
            {{ series_to(
                '(extract(year from as_of) - extract(year from first_month)) * 12 + extract(month from as_of) - extract(month from first_month)'
            ) }} as month_offset
        from clock
        where first_month is not null
    ) as offsets

),

people as (

    select
        person_id,
        acquired_month as month,
        acquisition_channel,
        is_referred,
        first_purchase_on,
        sum(margin_amount) filter (where age_months <= 12) as margin_12
    from margins
    group by person_id, acquired_month, acquisition_channel, is_referred, first_purchase_on

),

-- customers and money of a month and channel, side by side
won as (

    select
        month,
        acquisition_channel,
        is_referred,
        count(*) as customers_count,
        max(first_purchase_on) as last_on,
        sum({{ as_ratio('margin_12') }}) as sum_12,
        sum({{ as_ratio('margin_12') }} * {{ as_ratio('margin_12') }}) as squares_12
    from people
    group by month, acquisition_channel, is_referred

),

spent as (

    select
        spend_month as month,
        channel as acquisition_channel,
        sum(amount) filter (where purpose = 'acquisition') as acquisition_amount,
        sum(amount) filter (where purpose = 'acquisition' and is_purpose_assumed) as assumed_amount,
        sum(amount) filter (where purpose = 'referral') as referral_amount,
        sum(amount) filter (where purpose = 'retention') as retention_amount
    from spend
    group by spend_month, channel

),

sides as (

    select
        month,
        acquisition_channel,
        is_referred,
        customers_count,
        last_on,
        sum_12,
        squares_12,
        0 as acquisition_amount,
        0 as assumed_amount,
        0 as referral_amount,
        0 as retention_amount
    from won
    union all
    select
        month,
        acquisition_channel,
        false as is_referred,
        0 as customers_count,
        null as last_on,
        0 as sum_12,
        0 as squares_12,
        coalesce(acquisition_amount, 0) as acquisition_amount,
        coalesce(assumed_amount, 0) as assumed_amount,
        coalesce(referral_amount, 0) as referral_amount,
        coalesce(retention_amount, 0) as retention_amount
    from spent

),

paid_channels as (

    select
        month,
        acquisition_channel
    from spent
    where acquisition_amount > 0

),

scoped as (

    select
        'channel' as scope,
        sides.*
    from sides
    union all
    select
        'blended' as scope,
        sides.*
    from sides
    union all
    select
        'paid' as scope,
        sides.*
    from sides
    inner join paid_channels
        on sides.month = paid_channels.month
        and sides.acquisition_channel = paid_channels.acquisition_channel
    union all
    select
        'referred' as scope,
        month,
        acquisition_channel,
        is_referred,
        customers_count,
        last_on,
        sum_12,
        squares_12,
        0 as acquisition_amount,
        0 as assumed_amount,
        referral_amount,
        0 as retention_amount
    from sides
    where is_referred or referral_amount > 0

),

retained as (

    select
        month,
        count(*) as retained_count
    from (
        select
            purchase_days.person_id,
            {{ month_of('purchase_days.purchased_on') }} as month
        from purchase_days
        inner join customers
            on purchase_days.person_id = customers.person_id
            and customers.first_purchase_on < {{ month_of('purchase_days.purchased_on') }}
        group by purchase_days.person_id, {{ month_of('purchase_days.purchased_on') }}
    ) as buyers
    group by month

),

costed as (

    select
        scoped.month,
        scoped.scope,
        case when scoped.scope = 'channel' then scoped.acquisition_channel else 'all' end as acquisition_channel,
        sum(scoped.customers_count) as customers_count,
        coalesce(sum(scoped.customers_count) filter (where scoped.is_referred), 0) as referred_count,
        max(scoped.last_on) as last_on,
        sum(scoped.sum_12) as sum_12,
        sum(scoped.squares_12) as squares_12,
        sum(scoped.acquisition_amount) as acquisition_amount,
        sum(scoped.assumed_amount) as assumed_amount,
        sum(scoped.referral_amount) as referral_amount,
        sum(scoped.retention_amount) as retention_amount,
        coalesce(sum(scoped.customers_count) filter (where scoped.is_referred), 0)
        * cast({{ setting('referrals_reward_amount') }} as decimal(18, 2)) as rewards_amount
    from scoped
    inner join months
        on scoped.month = months.month
    group by 1, 2, 3

),

totals as (

    select
        *,
        acquisition_amount + referral_amount + rewards_amount as cost_amount
    from costed

),

-- what the customers of a cell earned at each month of age
earned as (

    select
        month,
        acquisition_channel,
        is_referred,
        age_months,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from (
        select
            acquired_month as month,
            acquisition_channel,
            is_referred,
            age_months,
            margin_amount,
            unknown_margins_count
        from margins
    ) as renamed
    group by month, acquisition_channel, is_referred, age_months

),

earned_scoped as (

    select
        'channel' as scope,
        month,
        acquisition_channel,
        age_months,
        margin_amount,
        unknown_margins_count
    from earned
    union all
    select
        'blended' as scope,
        month,
        'all' as acquisition_channel,
        age_months,
        margin_amount,
        unknown_margins_count
    from earned
    union all
    select
        'paid' as scope,
        earned.month,
        'all' as acquisition_channel,
        earned.age_months,
        earned.margin_amount,
        earned.unknown_margins_count
    from earned
    inner join paid_channels
        on earned.month = paid_channels.month
        and earned.acquisition_channel = paid_channels.acquisition_channel
    union all
    select
        'referred' as scope,
        month,
        'all' as acquisition_channel,
        age_months,
        margin_amount,
        unknown_margins_count
    from earned
    where is_referred

),

earned_by_age as (

    select
        scope,
        month,
        acquisition_channel,
        age_months,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from earned_scoped
    group by scope, month, acquisition_channel, age_months

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
    where totals.customers_count > 0

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

),

returns as (

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

),

joined as (

    select
        totals.*,
        returns.margin_3,
        returns.margin_6,
        returns.margin_12,
        returns.margin_24,
        returns.payback_months,
        coalesce(returns.payback_months is not null or returns.is_watched_to_the_end, false) as payback_observable,
        sqrt(
            greatest(totals.squares_12 - totals.sum_12 * totals.sum_12 / nullif(totals.customers_count, 0), 0)
            / nullif({{ as_ratio('totals.customers_count') }} * (totals.customers_count - 1), 0)
        ) as standard_error_12,
        coalesce(retained.retained_count, 0) as retained_count,
        {{ add_days(add_months('totals.month', 1), -1) }} <= clock.as_of as is_month_complete
    from totals
    cross join clock
    left join returns
        on totals.month = returns.month
        and totals.scope = returns.scope
        and totals.acquisition_channel = returns.acquisition_channel
    left join retained
        on totals.month = retained.month

)

select
    month,
    scope,
    acquisition_channel,
    is_month_complete,
    cast(acquisition_amount as decimal(18, 2)) as acquisition_spend_amount,
    cast(assumed_amount as decimal(18, 2)) as assumed_spend_amount,
    cast(referral_amount as decimal(18, 2)) as referral_spend_amount,
    cast(rewards_amount as decimal(18, 2)) as rewards_amount,
    cast(cost_amount as decimal(18, 2)) as acquisition_cost_amount,
    cast(customers_count as bigint) as new_customers_count,
    cast(referred_count as bigint) as referred_customers_count,
    cast(round(cost_amount / nullif({{ as_ratio('customers_count') }}, 0), 2) as decimal(18, 2)) as cac_amount,
    cast(round(margin_3 / nullif({{ as_ratio('customers_count') }}, 0), 2) as decimal(18, 2)) as ltv_3_amount,
    cast(round(margin_6 / nullif({{ as_ratio('customers_count') }}, 0), 2) as decimal(18, 2)) as ltv_6_amount,
    cast(round(margin_12 / nullif({{ as_ratio('customers_count') }}, 0), 2) as decimal(18, 2)) as ltv_12_amount,
    cast(
        case when margin_12 is not null then round(sum_12 / nullif(customers_count, 0) - {{ z_95() }} * standard_error_12, 2) end
        as decimal(18, 2)
    ) as ltv_12_low_amount,
    cast(
        case when margin_12 is not null then round(sum_12 / nullif(customers_count, 0) + {{ z_95() }} * standard_error_12, 2) end
        as decimal(18, 2)
    ) as ltv_12_high_amount,
    cast(round(margin_24 / nullif({{ as_ratio('customers_count') }}, 0), 2) as decimal(18, 2)) as ltv_24_amount,
    cast(payback_months as bigint) as payback_months,
    payback_observable,
    {{ to_nine_decimals(as_ratio('margin_12') ~ ' / nullif(cost_amount, 0)') }} as ltv_12_to_cac_ratio,
    cast(case when scope = 'blended' then retention_amount end as decimal(18, 2)) as retention_spend_amount,
    cast(case when scope = 'blended' then retained_count end as bigint) as retained_customers_count,
    case
        when scope = 'blended'
            then {{ to_nine_decimals(
                as_ratio('cost_amount') ~ ' / nullif(customers_count, 0) * retained_count / nullif(retention_amount, 0)'
            ) }}
    end as apparent_cost_ratio
from joined
