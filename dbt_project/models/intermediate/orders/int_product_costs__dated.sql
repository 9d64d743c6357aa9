-- grain: product and valid_from; a cost holds in [valid_from, valid_to)
with

product_costs as (

    select * from {{ ref('stg_product_costs') }}

)

select
    product_id,
    valid_from,
    lead(valid_from) over (partition by product_id order by valid_from asc nulls last) as valid_to,
    unit_cost
from product_costs
