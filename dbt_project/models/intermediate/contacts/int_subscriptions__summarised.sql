-- grain: person with at least one subscription started by as_of
with

subscriptions as (

    select
        *,
        {{ business_date('started_at') }} as started_on,
        {{ business_date('ended_at') }} as ended_on
    from {{ ref('stg_subscriptions') }}

),

identities as (

    select * from {{ ref('int_identities') }}

)

select
    identities.person_id,
    count(*) as subscriptions_count,
    min(subscriptions.started_at) as first_subscribed_at,
    bool_or(subscriptions.ended_on is null or subscriptions.ended_on > {{ as_of() }}) as has_active_subscription,
    max(subscriptions.ended_on) filter (where subscriptions.ended_on <= {{ as_of() }}) as last_subscription_ended_on
from subscriptions
inner join identities
    on subscriptions.contact_ref = identities.source_ref
where subscriptions.started_on <= {{ as_of() }}
group by identities.person_id
