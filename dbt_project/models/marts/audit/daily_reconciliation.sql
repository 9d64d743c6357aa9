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
        orders.ordered_on,
        {{ in_reporting_currency('orders.net_amount', 'exchange_rates.rate') }} as amount
    from orders
    left join exchange_rates
        on orders.currency = exchange_rates.currency
        and orders.ordered_on = exchange_rates.day
    where orders.ordered_on <= {{ as_of() }}

),

refunds_matched as (

    select
        refunds.refund_id as due_id,
        fct_refunds.refund_id as fact_id,
        refunds._source as source,
        refunds.amount,
        refunds.currency as stated_currency,
        refunds.refunded_on as due_day,
        fct_refunds.refunded_on as fact_day,
        fct_refunds.paid_back_amount as fact_amount,
        coalesce(refunds.order_id, fct_refunds.order_id) as order_id
    from refunds
    full outer join fct_refunds
        on refunds.refund_id = fct_refunds.refund_id
    where refunds.refunded_on <= {{ as_of() }} or fct_refunds.refund_id is not null

),

-- a refund without a currency is in that of its order, which is looked for by these refunds alone
currencies as (

    select
        order_id,
        currency
    from orders
    where
        ordered_on <= {{ as_of() }}
        and order_id in (select order_id from refunds_matched where stated_currency is null)

),

refunds_paired as (

    select
        refunds_matched.*,
        coalesce(refunds_matched.stated_currency, currencies.currency) as currency
    from refunds_matched
    left join currencies
        on refunds_matched.order_id = currencies.order_id

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

due as (

    select
        'orders' as entity,
        source,
        order_id as id,
        ordered_on as day,
        amount
    from orders_due
    union all
    select
        'contact_events' as entity,
        _source as source,
        event_id as id,
        occurred_on as day,
        cast(cost as decimal(18, 2)) as amount
    from contact_events
    where occurred_on <= {{ as_of() }}

),

held as (

    select
        'orders' as entity,
        order_id as id,
        ordered_on as day,
        net_amount as amount
    from fct_orders
    union all
    select
        'contact_events' as entity,
        event_id as id,
        occurred_on as day,
        cost_amount as amount
    from fct_contact_events

),

-- the rows of a day that are due and the rows that the facts hold are the same where their fingerprints add up to the same
due_days as (

    select
        entity,
        day,
        source,
        count(*) as rows_count,
        sum(amount) as amount,
        sum({{ row_fingerprint(['id', 'day', 'amount']) }}) as fingerprint
    from due
    group by entity, day, source

),

held_days as (

    select
        entity,
        day,
        count(*) as rows_count,
        sum({{ row_fingerprint(['id', 'day', 'amount']) }}) as fingerprint
    from held
    group by entity, day

),

differing_days as (

    select
        coalesce(due_sums.entity, held_days.entity) as entity,
        coalesce(due_sums.day, held_days.day) as day
    from (
        select
            entity,
            day,
            sum(rows_count) as rows_count,
            sum(fingerprint) as fingerprint
        from due_days
        group by entity, day
    ) as due_sums
    full outer join held_days
        on due_sums.entity = held_days.entity
        and due_sums.day = held_days.day
    where
        due_sums.rows_count is distinct from held_days.rows_count
        or due_sums.fingerprint is distinct from held_days.fingerprint

),

-- only days that differ are looked at row by row, and rows outside of them not even compared with them
looked_at as (

    select
        min(day) as first_day,
        max(day) as last_day
    from differing_days

),

compared as (

    select
        coalesce(due_rows.entity, held_rows.entity) as entity,
        due_rows.source,
        due_rows.id as due_id,
        held_rows.id as fact_id,
        due_rows.day as due_day,
        held_rows.day as fact_day,
        due_rows.amount as due_amount,
        held_rows.amount as fact_amount
    from (
        select due.*
        from due
        cross join looked_at
        inner join differing_days
            on due.entity = differing_days.entity
            and due.day = differing_days.day
        where due.day between looked_at.first_day and looked_at.last_day
    ) as due_rows
    full outer join (
        select held.*
        from held
        cross join looked_at
        inner join differing_days
            on held.entity = differing_days.entity
            and held.day = differing_days.day
        where held.day between looked_at.first_day and looked_at.last_day
    ) as held_rows
        on due_rows.entity = held_rows.entity
        and due_rows.id = held_rows.id
    union all
    select * from refunds_compared

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
    union all
    select
        due_days.entity,
        due_days.source,
        due_days.day,
        due_days.rows_count as due_rows,
        due_days.rows_count as fact_rows,
        coalesce(due_days.amount, 0) as due_amount,
        coalesce(due_days.amount, 0) as fact_amount,
        0 as differing_rows
    from due_days
    left join differing_days
        on due_days.entity = differing_days.entity
        and due_days.day = differing_days.day
    where differing_days.entity is null

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
