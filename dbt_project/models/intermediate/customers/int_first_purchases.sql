-- grain: customer; what the first purchase day tells: the channel and the category that weighed most
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}
with

purchases as (

    select * from {{ ref('int_purchases__summarised') }}
    {{ where_touched('touched_people', 'person_id') }}

),

orders as (

    select * from {{ ref('int_orders__valued') }}
    {{ where_touched('touched_people', 'person_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines__costed') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

first_orders as (

    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        orders.channel
    from orders
    inner join purchases
        on orders.person_id = purchases.person_id
        and orders.ordered_on = purchases.first_purchase_on
    where not orders.is_cancelled

),

channels as (

    select
        person_id,
        {{ earliest('channel', ['ordered_at', 'order_id']) }} as first_channel
    from first_orders
    group by person_id

),

category_amounts as (

    select
        first_orders.person_id,
        products.category,
        sum(order_lines.revenue_amount) as amount
    from first_orders
    inner join order_lines
        on first_orders.order_id = order_lines.order_id
    inner join products
        on order_lines.product_id = products.product_id
    where products.category is not null
    group by first_orders.person_id, products.category

),

ranked as (

    select
        person_id,
        category,
        row_number() over (partition by person_id order by amount desc nulls last, category asc nulls last) as category_rank
    from category_amounts

),

categories as (

    select
        person_id,
        category
    from ranked
    where category_rank = 1

)

select
    channels.person_id,
    channels.first_channel,
    categories.category as first_category
from channels
left join categories
    on channels.person_id = categories.person_id
