with

base as (

    select * from {{ ref('base_contact_events') }}

)

select
    event_id,
    contact_ref,
    occurred_at,
    lower(trim(kind)) as kind,
    channel,
    campaign_id,
    message_id,
    variant,
    score,
    text_ref,
    cost,
    product_id,
    updated_at,
    is_suspect,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
