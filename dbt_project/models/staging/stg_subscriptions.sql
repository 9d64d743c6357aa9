with

base as (

    select * from {{ ref('base_subscriptions') }}

)

select
    subscription_id,
    contact_ref,
    plan,
    period,
    amount,
    upper(trim(currency)) as currency,
    started_at,
    ended_at,
    end_reason,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
