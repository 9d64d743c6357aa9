-- grain: subscription started by as_of, with what it is worth a month and the one it was changed into or from
with

subscriptions as (

    select
        *,
        {{ business_date('started_at') }} as started_on,
        {{ business_date('ended_at') }} as stated_end_on
    from {{ ref('stg_subscriptions') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

-- one rate for the whole life of a subscription: what moves is the customer, not the currency
visible as (

    select
        subscriptions.subscription_id,
        coalesce(identities.person_id, concat('guest-subscription:', subscriptions.subscription_id)) as person_id,
        subscriptions.plan,
        subscriptions.period,
        subscriptions.end_reason,
        subscriptions.started_on,
        case
            when subscriptions.stated_end_on <= {{ as_of() }}
                then greatest(subscriptions.stated_end_on, subscriptions.started_on)
        end as ended_on,
        {{ monthly_amount(in_reporting_currency('subscriptions.amount', 'exchange_rates.rate'), 'subscriptions.period') }} as mrr_amount
    from subscriptions
    left join identities
        on subscriptions.contact_ref = identities.source_ref
    left join exchange_rates
        on subscriptions.currency = exchange_rates.currency
        and subscriptions.started_on = exchange_rates.day
    where subscriptions.started_on <= {{ as_of() }}

),

-- an end and a later start of the same person that are close are one change of plan; each is used once, the closest first
candidates as (

    select
        ended.subscription_id as from_subscription_id,
        begun.subscription_id as to_subscription_id,
        abs({{ days_between('ended.ended_on', 'begun.started_on') }}) as days_apart
    from visible as ended
    inner join visible as begun
        on ended.person_id = begun.person_id
        and ended.started_on < begun.started_on
    where
        ended.ended_on is not null
        and ended.mrr_amount is not null
        and begun.mrr_amount is not null
        and abs({{ days_between('ended.ended_on', 'begun.started_on') }}) <= {{ setting('subscriptions_switch_days') }}

),

ranked as (

    select
        from_subscription_id,
        to_subscription_id,
        row_number() over (
            partition by from_subscription_id
            order by days_apart asc nulls last, to_subscription_id asc nulls last
        ) as rank_from,
        row_number() over (
            partition by to_subscription_id
            order by days_apart asc nulls last, from_subscription_id asc nulls last
        ) as rank_to
    from candidates

),

switches as (

    select
        from_subscription_id,
        to_subscription_id
    from ranked
    where rank_from = 1 and rank_to = 1

)

select
    visible.subscription_id,
    visible.person_id,
    visible.plan,
    visible.period,
    visible.end_reason,
    visible.started_on,
    coalesce(after.started_on, visible.ended_on) as ended_on,
    visible.mrr_amount,
    into_switch.to_subscription_id as switched_to_subscription_id,
    from_switch.from_subscription_id as switched_from_subscription_id,
    before.mrr_amount as switched_from_mrr_amount
from visible
left join switches as into_switch
    on visible.subscription_id = into_switch.from_subscription_id
left join visible as after
    on into_switch.to_subscription_id = after.subscription_id
left join switches as from_switch
    on visible.subscription_id = from_switch.to_subscription_id
left join visible as before
    on from_switch.from_subscription_id = before.subscription_id
