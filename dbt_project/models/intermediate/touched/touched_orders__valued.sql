-- grain: order that may be worth another amount: it, its lines, its refunds, or what its products cost and are called, are other than they were
{%- set refunds, refunds_before = ref('int_refunds__dated'), source('basis_intermediate', 'int_refunds__dated') %}
{%- set costs, costs_before = ref('int_product_costs__dated'), source('basis_intermediate', 'int_product_costs__dated') %}
{%- set products, products_before = ref('stg_products'), source('basis', 'base_products') %}
{%- set identified, lines_landed, order_lines = ref('touched_orders__identified'), ref('touched_lines__landed'), ref('stg_order_lines') %}
{%- if is_increment() %}

with

other_refunds as (

    {{ differing('select * from ' ~ refunds, 'select * from ' ~ refunds_before) | indent(4) }}

),

other_costs as (

    {{ differing('select * from ' ~ costs, 'select * from ' ~ costs_before) | indent(4) }}

),

other_products as (

    {{ differing(
        'select product_id, name, category from ' ~ products,
        'select product_id, name, category from ' ~ products_before ~ " where row_status = 'accepted'",
    ) | indent(4) }}

)

select order_id
from {{ identified }}
union
select order_id
from {{ lines_landed }}
union
select order_id
from other_refunds
where order_id is not null
union
select order_id
from {{ order_lines }}
where product_id in (select product_id from other_costs) or product_id in (select product_id from other_products)
{%- else %}

{{ nothing_touched('order_id') }}
{%- endif %}
