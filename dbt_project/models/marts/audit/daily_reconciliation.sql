-- grain: entity, source and business day; what landed is in the currency of the source, what is due and what the facts hold in the reporting one
with

daily_totals as (

    select * from {{ ref('daily_totals') }}

),

orders as (

    select
        *,
        {{ business_date('ordered_at') }} as ordered_on
    from {{ ref('stg_orders') }}

),

refunds as (

    select
        *,
        {{ business_date('refunded_at') }} as refunded_on
    from {{ ref('stg_refunds') }}

),

contact_events as (

    select
        *,
        {{ business_date('occurred_at') }} as occurred_on
    from {{ ref('stg_contact_events') }}

),

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_refunds as (

    select * from {{ ref('fct_refunds') }}

),

fct_contact_events as (

    select * from {{ ref('fct_contact_events') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

orders_due as (

    select
        orders.order_id,
        orders._source as source,
        orders.currency,
        orders.ordered_on,
        {{ in_reporting_currency('orders.net_amount', 'exchange_rates.rate') }} as amount
    from orders
    left join exchange_rates
        on orders.currency = exchange_rates.currency
        and orders.ordered_on = exchange_rates.day
    where orders.ordered_on <= {{ as_of() }}

),

orders_compared as (

    select
        'orders' as entity,
        orders_due.source,
        orders_due.order_id as due_id,
        fct_orders.order_id as fact_id,
        orders_due.ordered_on as due_day,
        fct_orders.ordered_on as fact_day,
        orders_due.amount as due_amount,
        fct_orders.net_amount as fact_amount
    from orders_due
    full outer join fct_orders
        on orders_due.order_id = fct_orders.order_id

),

-- a refund without a currency is in that of its order
refunds_paired as (

    select
        refunds.refund_id as due_id,
        fct_refunds.refund_id as fact_id,
        refunds._source as source,
        refunds.amount,
        coalesce(refunds.currency, orders_due.currency) as currency,
        refunds.refunded_on as due_day,
        fct_refunds.refunded_on as fact_day,
        fct_refunds.paid_back_amount as fact_amount
    from refunds
    full outer join fct_refunds
        on refunds.refund_id = fct_refunds.refund_id
    left join orders_due
        on coalesce(refunds.order_id, fct_refunds.order_id) = orders_due.order_id
    where refunds.refunded_on <= {{ as_of() }} or fct_refunds.refund_id is not null

),

refunds_compared as (

    select
        'refunds' as entity,
        refunds_paired.source,
        refunds_paired.due_id,
        refunds_paired.fact_id,
        refunds_paired.due_day,
        refunds_paired.fact_day,
        {{ in_reporting_currency('refunds_paired.amount', 'exchange_rates.rate') }} as due_amount,
        refunds_paired.fact_amount
    from refunds_paired
    left join exchange_rates
        on refunds_paired.currency = exchange_rates.currency
        and refunds_paired.due_day = exchange_rates.day

),

contact_events_compared as (

    select
        'contact_events' as entity,
        contact_events._source as source,
        contact_events.event_id as due_id,
        fct_contact_events.event_id as fact_id,
        contact_events.occurred_on as due_day,
        fct_contact_events.occurred_on as fact_day,
        cast(contact_events.cost as decimal(18, 2)) as due_amount,
        fct_contact_events.cost_amount as fact_amount
    from contact_events
    full outer join fct_contact_events
        on contact_events.event_id = fct_contact_events.event_id
    where contact_events.occurred_on <= {{ as_of() }} or fct_contact_events.event_id is not null

),

compared as (

    select * from orders_compared
    union all
    select * from refunds_compared
    union all
    select * from contact_events_compared

),

-- a fact that nothing accepted stands behind has no source
facts as (

    select
        entity,
        coalesce(source, 'none') as source,
        coalesce(due_day, fact_day) as day,
        count(due_id) as due_rows,
        count(fact_id) as fact_rows,
        coalesce(sum(due_amount), 0) as due_amount,
        coalesce(sum(fact_amount), 0) as fact_amount,
        count(*) filter (
            where
            due_id is null
            or fact_id is null
            or due_day is distinct from fact_day
            or due_amount is distinct from fact_amount
        ) as differing_rows
    from compared
    group by 1, 2, 3

),

joined as (

    select
        coalesce(daily_totals.entity, facts.entity) as entity,
        coalesce(daily_totals.source, facts.source) as source,
        coalesce(daily_totals.day, facts.day) as day,
        coalesce(daily_totals.landed_rows, 0) as landed_rows,
        coalesce(daily_totals.accepted_rows, 0) as accepted_rows,
        coalesce(daily_totals.superseded_rows, 0) as superseded_rows,
        coalesce(daily_totals.quarantined_rows, 0) as quarantined_rows,
        coalesce(daily_totals.landed_amount, 0) as landed_amount,
        coalesce(daily_totals.accepted_amount, 0) as accepted_amount,
        coalesce(daily_totals.superseded_amount, 0) as superseded_amount,
        coalesce(daily_totals.quarantined_amount, 0) as quarantined_amount,
        case when coalesce(daily_totals.day, facts.day) <= {{ as_of() }} then coalesce(daily_totals.accepted_rows, 0) else 0 end as due_rows,
        coalesce(facts.fact_rows, 0) as fact_rows,
        coalesce(facts.due_amount, 0) as due_amount,
        coalesce(facts.fact_amount, 0) as fact_amount,
        coalesce(facts.differing_rows, 0) as differing_rows
    from daily_totals
    full outer join facts
        on daily_totals.entity = facts.entity
        and daily_totals.source = facts.source
        and daily_totals.day = facts.day

)

select
    entity,
    source,
    coalesce(cast(day as varchar), 'unknown') as day_name,
    day,
    cast(landed_rows as bigint) as landed_rows,
    cast(accepted_rows as bigint) as accepted_rows,
    cast(superseded_rows as bigint) as superseded_rows,
    cast(quarantined_rows as bigint) as quarantined_rows,
    cast(landed_amount as decimal(38, 2)) as landed_amount,
    cast(accepted_amount as decimal(38, 2)) as accepted_amount,
    cast(superseded_amount as decimal(38, 2)) as superseded_amount,
    cast(quarantined_amount as decimal(38, 2)) as quarantined_amount,
    cast(due_rows as bigint) as due_rows,
    cast(fact_rows as bigint) as fact_rows,
    cast(due_amount as decimal(38, 2)) as due_amount,
    cast(fact_amount as decimal(38, 2)) as fact_amount,
    cast(differing_rows as bigint) as differing_rows,
    landed_rows = accepted_rows + superseded_rows + quarantined_rows
    and landed_amount = accepted_amount + superseded_amount + quarantined_amount
    and due_rows = fact_rows
    and due_amount = fact_amount
    and differing_rows = 0 as is_reconciled
from joined
