-- grain: person and business day with net paid amount > 0: one purchase event, however many orders the day held
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people'}) }}
with

orders as (

    select * from {{ ref('int_orders__valued') }}
    {{ where_touched('touched_people', 'person_id') }}

),

refunds as (

    select * from {{ ref('int_refunds__dated') }}
    {{ where_touched('touched_people', 'person_id') }}

),

days as (

    select
        person_id,
        is_guest,
        ordered_on as purchased_on,
        count(*) as orders_count,
        sum(revenue_amount) as paid_amount
    from orders
    where not is_cancelled
    group by person_id, is_guest, ordered_on

),

-- money given back on the day itself was never paid; a later refund does not undo the event
given_back as (

    select
        person_id,
        refunded_on,
        sum(refunded_amount) as refunded_amount
    from refunds
    where person_id is not null
    group by person_id, refunded_on

)

select
    days.person_id,
    days.is_guest,
    days.purchased_on,
    days.orders_count,
    cast(days.paid_amount - coalesce(given_back.refunded_amount, 0) as decimal(18, 2)) as paid_amount
from days
left join given_back
    on days.person_id = given_back.person_id
    and days.purchased_on = given_back.refunded_on
where days.paid_amount - coalesce(given_back.refunded_amount, 0) > 0
