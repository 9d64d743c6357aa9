with

base as (

    select * from {{ ref('base_product_costs') }}

)

select
    product_id,
    valid_from,
    unit_cost,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
