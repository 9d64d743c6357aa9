with

base as (

    select * from {{ ref('base_exchange_rates') }}

)

select
    day,
    currency,
    rate,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
