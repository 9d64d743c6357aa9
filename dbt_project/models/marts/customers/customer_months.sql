-- grain: person and month in which something happened; every amount and count adds up, over months and over people
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people__staged'}) }}

with

people as (

    select * from {{ ref('int_people') }}

),

orders as (

    select * from {{ ref('int_orders__valued') }}
    where not is_cancelled
    {{ and_touched('touched_people__staged', 'person_id') }}

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    {{ where_touched('touched_people__staged', 'person_id') }}

),

refunds as (

    select * from {{ ref('int_refunds__dated') }}
    where person_id is not null
    {{ and_touched('touched_people__staged', 'person_id') }}

),

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    where is_suspect is not true
    {{ and_touched('touched_people__staged', 'person_id') }}

),

-- only accepted nights of earlier days are on record: a month is known to have ended in a stage once a night stands behind it
recorded as (

    {{ recorded_places(source('model', 'recorded_changes'), 'touched_people__staged') | indent(4) }}

),

places as (

    select
        person_id,
        as_of as placed_on,
        life_cycle_stage,
        is_gone,
        lead(as_of) over (partition by person_id order by as_of asc nulls last) as left_on
    from recorded

),

happened as (

    select
        person_id,
        {{ month_of('ordered_on') }} as month,
        count(*) as orders_count,
        0 as purchase_days_count,
        sum(revenue_amount) as ordered_amount,
        0 as refunded_amount,
        coalesce(sum(margin_by_event_date_amount), 0) as margin_amount,
        count(*) - count(margin_by_event_date_amount) as unknown_margins_count,
        0 as contacts_sent_count,
        0 as contact_events_count,
        0 as cost_to_serve_amount
    from orders
    group by person_id, {{ month_of('ordered_on') }}
    union all
    select
        person_id,
        {{ month_of('purchased_on') }} as month,
        0 as orders_count,
        count(*) as purchase_days_count,
        0 as ordered_amount,
        0 as refunded_amount,
        0 as margin_amount,
        0 as unknown_margins_count,
        0 as contacts_sent_count,
        0 as contact_events_count,
        0 as cost_to_serve_amount
    from purchase_days
    group by person_id, {{ month_of('purchased_on') }}
    union all
    select
        person_id,
        {{ month_of('refunded_on') }} as month,
        0 as orders_count,
        0 as purchase_days_count,
        0 as ordered_amount,
        sum(refunded_amount) as refunded_amount,
        -sum(refunded_amount) as margin_amount,
        0 as unknown_margins_count,
        0 as contacts_sent_count,
        0 as contact_events_count,
        0 as cost_to_serve_amount
    from refunds
    group by person_id, {{ month_of('refunded_on') }}
    union all
    select
        contact_events.person_id,
        {{ month_of('contact_events.occurred_on') }} as month,
        0 as orders_count,
        0 as purchase_days_count,
        0 as ordered_amount,
        0 as refunded_amount,
        0 as margin_amount,
        0 as unknown_margins_count,
        count(*) filter (where contact_events.kind = 'message_sent') as contacts_sent_count,
        count(*) as contact_events_count,
        coalesce(sum(contact_events.cost), 0) as cost_to_serve_amount
    from contact_events
    inner join people
        on contact_events.person_id = people.person_id
    group by contact_events.person_id, {{ month_of('contact_events.occurred_on') }}

),

months as (

    select
        person_id,
        month,
        sum(orders_count) as orders_count,
        sum(purchase_days_count) as purchase_days_count,
        sum(ordered_amount) as ordered_amount,
        sum(refunded_amount) as refunded_amount,
        case when sum(unknown_margins_count) = 0 then sum(margin_amount) end as margin_amount,
        sum(contacts_sent_count) as contacts_sent_count,
        sum(contact_events_count) as contact_events_count,
        sum(cost_to_serve_amount) as cost_to_serve_amount
    from happened
    group by person_id, month

),

ended as (

    select
        person_id,
        month,
        {{ add_days(add_months('month', 1), -1) }} as ended_on
    from months

),

staged as (

    select
        ended.person_id,
        ended.month,
        places.life_cycle_stage
    from ended
    inner join places
        on ended.person_id = places.person_id
        and ended.ended_on >= places.placed_on
    where (places.left_on > ended.ended_on or places.left_on is null)
        and ended.ended_on < {{ as_of() }}
        and not places.is_gone

)

select
    months.person_id,
    months.month,
    cast(months.orders_count as bigint) as orders_count,
    cast(months.purchase_days_count as bigint) as purchase_days_count,
    cast(months.ordered_amount as decimal(18, 2)) as ordered_amount,
    cast(months.refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(months.ordered_amount - months.refunded_amount as decimal(18, 2)) as revenue_amount,
    cast(months.margin_amount as decimal(18, 2)) as margin_by_event_date_amount,
    cast(months.contacts_sent_count as bigint) as contacts_sent_count,
    cast(months.contact_events_count as bigint) as contact_events_count,
    cast(months.cost_to_serve_amount as decimal(18, 2)) as cost_to_serve_amount,
    cast(months.margin_amount - months.cost_to_serve_amount as decimal(18, 2)) as margin_after_service_amount,
    staged.life_cycle_stage
from months
left join staged
    on months.person_id = staged.person_id
    and months.month = staged.month
