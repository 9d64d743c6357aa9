with

base as (

    select * from {{ ref('base_refunds') }}

)

select
    refund_id,
    order_id,
    contact_ref,
    refunded_at,
    amount,
    upper(trim(currency)) as currency,
    reason,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
