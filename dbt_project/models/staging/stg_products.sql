with

base as (

    select * from {{ ref('base_products') }}

)

select
    product_id,
    name,
    category,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
