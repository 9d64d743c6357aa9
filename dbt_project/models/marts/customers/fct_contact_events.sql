-- grain: contact event; only the cost is additive
with

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}

)

select
    event_id,
    person_id,
    occurred_at,
    occurred_on,
    kind,
    channel,
    campaign_id,
    message_id,
    variant,
    score,
    product_id,
    cast(cost as decimal(18, 2)) as cost_amount
from contact_events
