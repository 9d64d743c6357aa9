with

base as (

    select * from {{ ref('base_order_lines') }}

)

select
    order_id,
    line_no,
    product_id,
    quantity,
    unit_price,
    discount_amount,
    net_amount,
    unit_cost,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
