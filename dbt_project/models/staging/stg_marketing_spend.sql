with

base as (

    select * from {{ ref('base_marketing_spend') }}

)

select
    day,
    channel,
    campaign_id,
    purpose,
    amount,
    upper(trim(currency)) as currency,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
