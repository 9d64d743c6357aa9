-- grain: contact event; only the cost is additive
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='event_id', meta={'touched_by': 'touched_events__identified'}) }}

with

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    {{ where_touched('touched_events__identified', 'event_id') }}

)

select
    event_id,
    person_id,
    occurred_at,
    occurred_on,
    kind,
    channel,
    campaign_id,
    message_id,
    variant,
    score,
    product_id,
    cast(cost as decimal(18, 2)) as cost_amount
from contact_events
