-- grain: subscription of an identified person, started by as_of; lengths in periods of its plan
with

subscriptions as (

    select
        *,
        {{ business_date('started_at') }} as started_on,
        {{ business_date('ended_at') }} as ended_on,
        case lower(trim(coalesce(period, 'month')))
            when 'day' then 1
            when 'daily' then 1
            when 'week' then 7
            when 'weekly' then 7
            when 'quarter' then 365.25 / 4
            when 'quarterly' then 365.25 / 4
            when 'year' then 365.25
            when 'yearly' then 365.25
            when 'annual' then 365.25
            else 365.25 / 12
        end as period_days
    from {{ ref('stg_subscriptions') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}

),

dated as (

    select
        subscriptions.subscription_id,
        identities.person_id,
        -- "all" is what all plans together are called
        case when subscriptions.plan = 'all' then 'all (plan)' else coalesce(subscriptions.plan, 'unnamed') end as plan,
        cast(subscriptions.period_days as double) as period_days,
        subscriptions.started_on,
        coalesce(subscriptions.ended_on <= {{ as_of() }}, false) as is_ended,
        case when subscriptions.ended_on <= {{ as_of() }} then subscriptions.ended_on end as ended_on,
        case
            when subscriptions.ended_on <= {{ as_of() }} then {{ days_between('subscriptions.started_on', 'subscriptions.ended_on') }}
            else {{ days_between('subscriptions.started_on', as_of()) }}
        end as lasted_days,
        {{ in_reporting_currency('subscriptions.amount', 'exchange_rates.rate') }} as amount
    from subscriptions
    inner join identities
        on subscriptions.contact_ref = identities.source_ref
    left join exchange_rates
        on subscriptions.currency = exchange_rates.currency
        and exchange_rates.day = {{ as_of() }}
    where subscriptions.started_on <= {{ as_of() }}

)

select
    subscription_id,
    person_id,
    plan,
    period_days,
    started_on,
    is_ended,
    ended_on,
    amount,
    -- an ended contract has paid the period it ended in, but for the few days by which calendar months differ
    cast(
        case
            when is_ended then greatest(ceil(lasted_days / nullif(period_days, 0) - 0.1), 1)
            else floor(lasted_days / nullif(period_days, 0)) + 1
        end as bigint
    ) as periods,
    case
        when not is_ended then (floor(lasted_days / nullif(period_days, 0)) + 1) * period_days - lasted_days
    end as days_to_renewal
from dated
