-- grain: month, scope and acquisition channel ('all' in every scope but `channel`), from the first month with spend on; scopes overlap
with

cells as (

    select * from {{ ref('int_acquisition_cells') }}

),

scopes as (

    select * from {{ ref('int_acquisition_scopes') }}

),

first_spend as (

    select min(spend_month) as first_month from {{ ref('int_marketing_spend__purposed') }}

),

totals as (

    select
        scopes.month,
        scopes.scope,
        scopes.shown_channel as acquisition_channel,
        coalesce(sum(cells.customers_count) filter (where scopes.has_customers), 0) as customers_count,
        coalesce(sum(cells.customers_count) filter (where cells.is_referred), 0) as referred_count,
        max(cells.last_on) filter (where scopes.has_customers) as last_on,
        coalesce(sum(cells.sum_12) filter (where scopes.has_customers), 0) as sum_12,
        coalesce(sum(cells.squares_12) filter (where scopes.has_customers), 0) as squares_12,
        coalesce(sum(cells.acquisition_amount) filter (where scopes.has_acquisition), 0) as acquisition_amount,
        coalesce(sum(cells.assumed_amount) filter (where scopes.has_acquisition), 0) as assumed_amount,
        sum(cells.referral_amount) as referral_amount,
        coalesce(sum(cells.retention_amount) filter (where scopes.has_acquisition), 0) as retention_amount
    from scopes
    inner join cells
        on scopes.month = cells.month
        and scopes.acquisition_channel = cells.acquisition_channel
        and scopes.is_referred = cells.is_referred
    cross join first_spend
    where scopes.month >= first_spend.first_month and scopes.month <= {{ as_of() }}
    group by scopes.month, scopes.scope, scopes.shown_channel

),

rewarded as (

    select
        *,
        referred_count * cast({{ setting('referrals_reward_amount') }} as decimal(18, 2)) as rewards_amount
    from totals

)

select
    month,
    scope,
    acquisition_channel,
    customers_count,
    referred_count,
    last_on,
    {{ as_ratio('sum_12') }} as sum_12,
    {{ as_ratio('squares_12') }} as squares_12,
    acquisition_amount,
    assumed_amount,
    referral_amount,
    retention_amount,
    rewards_amount,
    acquisition_amount + referral_amount + rewards_amount as cost_amount
from rewarded
