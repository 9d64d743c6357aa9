-- grain: person with at least one order, cancelled ones too
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}

with

orders as (

    select * from {{ ref('int_orders__identified') }}
    {{ where_touched('touched_people', 'person_id') }}

)

select
    person_id,
    bool_or(is_guest) as is_guest,
    min(ordered_at) as first_placed_at,
    min(ordered_at) filter (where not is_cancelled) as first_order_at,
    min(ordered_on) filter (where not is_cancelled) as first_order_on
from orders
group by person_id
