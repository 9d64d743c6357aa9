-- grain: person with at least one order that was not cancelled
{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='person_id', meta={'touched_by': 'touched_people__trailing'}) }}
with

orders as (

    select * from {{ ref('int_orders__valued') }}
    {{ where_touched('touched_people__trailing', 'person_id') }}

),

refunds as (

    select * from {{ ref('int_refunds__dated') }}
    {{ where_touched('touched_people__trailing', 'person_id') }}

),

bounds as (

    select {{ add_months(as_of(), -12) }} as trailing_from

),

ordered as (

    select
        orders.person_id,
        count(*) as orders_count,
        sum(orders.revenue_amount) as ordered_amount,
        sum(orders.revenue_amount - orders.refunded_amount) as revenue_amount,
        sum(orders.refunded_amount) as refunded_amount,
        sum(orders.revenue_amount) filter (where orders.is_promoted) as promoted_amount,
        count(orders.margin_by_order_date_amount) as margin_orders_count,
        sum(orders.margin_by_order_date_amount) as known_margin_amount,
        sum(orders.revenue_amount - orders.refunded_amount) filter (
            where orders.margin_by_order_date_amount is not null
        ) as margin_revenue_amount,
        bool_or(orders.margin_is_assumed) as margin_is_assumed,
        coalesce(sum(orders.revenue_amount) filter (where orders.ordered_on > bounds.trailing_from), 0)
            as trailing_revenue_amount,
        count(*) filter (
            where orders.ordered_on > bounds.trailing_from and orders.margin_by_event_date_amount is null
        ) as trailing_unknown_count,
        coalesce(sum(orders.margin_by_event_date_amount) filter (where orders.ordered_on > bounds.trailing_from), 0)
            as trailing_margin_amount,
        {{ latest('orders.brand', ['orders.ordered_at', 'orders.order_id']) }} as last_brand
    from orders
    cross join bounds
    where not orders.is_cancelled
    group by orders.person_id

),

given_back as (

    select
        refunds.person_id,
        sum(refunds.refunded_amount) as trailing_refunded_amount
    from refunds
    cross join bounds
    where refunds.person_id is not null and refunds.refunded_on > bounds.trailing_from
    group by refunds.person_id

)

select
    ordered.person_id,
    ordered.orders_count,
    cast(ordered.ordered_amount as decimal(18, 2)) as ordered_amount,
    cast(ordered.revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(ordered.refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(coalesce(ordered.promoted_amount, 0) as decimal(18, 2)) as promoted_amount,
    cast(
        case when ordered.margin_orders_count = ordered.orders_count then ordered.known_margin_amount end
        as decimal(18, 2)
    ) as margin_amount,
    ordered.known_margin_amount / nullif({{ as_ratio('ordered.margin_revenue_amount') }}, 0) as margin_rate,
    ordered.margin_is_assumed,
    cast(
        ordered.trailing_revenue_amount - coalesce(given_back.trailing_refunded_amount, 0) as decimal(18, 2)
    ) as trailing_12m_revenue_amount,
    cast(
        case
            when ordered.trailing_unknown_count = 0
                then ordered.trailing_margin_amount - coalesce(given_back.trailing_refunded_amount, 0)
        end as decimal(18, 2)
    ) as trailing_12m_margin_amount,
    ordered.last_brand
from ordered
left join given_back
    on ordered.person_id = given_back.person_id
