-- grain: person with at least one purchase day
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}

with

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    {{ where_touched('touched_people', 'person_id') }}

)

select
    person_id,
    min(purchased_on) as first_purchase_on,
    max(purchased_on) as last_purchase_on,
    count(*) as purchase_days,
    cast(sum(paid_amount) as decimal(18, 2)) as paid_amount,
    min_by(paid_amount, purchased_on) as first_amount
from purchase_days
group by person_id
