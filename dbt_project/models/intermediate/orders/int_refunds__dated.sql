-- grain: refund paid by as_of; refunded_amount is what counts against revenue: nothing for a cancelled or (still) unknown order
with

refunds as (

    select
        *,
        {{ business_date('refunded_at') }} as refunded_on
    from {{ ref('stg_refunds') }}

),

orders as {{ inlined() }} (

    select * from {{ ref('int_orders__identified') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

-- a credit note without an order is a refund of its contact
credit_notes as (

    select
        refunds.refund_id,
        refunds.refunded_on,
        refunds.currency,
        refunds.amount,
        {{ in_reporting_currency('refunds.amount', 'exchange_rates.rate') }} as paid_back_amount,
        identities.person_id
    from refunds
    inner join identities
        on refunds.contact_ref = identities.source_ref
    left join exchange_rates
        on refunds.currency = exchange_rates.currency
        and refunds.refunded_on = exchange_rates.day
    where refunds.order_id is null

),

-- taken from their latest order by then that is as large, in one currency, else from the latest; both clocks then tell one story
placed as (

    select
        credit_notes.refund_id,
        orders.order_id,
        row_number() over (
            partition by credit_notes.refund_id
            order by
                case
                    when
                        orders.net_amount >= case
                            when credit_notes.currency is not null then credit_notes.paid_back_amount
                            else {{ in_reporting_currency('credit_notes.amount', 'orders.exchange_rate') }}
                        end
                        then 1
                    else 2
                end asc nulls last,
                orders.ordered_at desc nulls last,
                orders.order_id desc nulls last
        ) as order_rank
    from credit_notes
    inner join orders
        on credit_notes.person_id = orders.person_id
        and credit_notes.refunded_on >= orders.ordered_on
    where not orders.is_cancelled

),

-- few orders are paid back: they are looked for by their refunds, not all of them kept to be found
paid_back as (

    select * from orders
    where order_id in (select order_id from refunds) or order_id in (select order_id from placed)

),

-- a refund without a currency is in the currency of its order
matched as (

    select
        refunds.refund_id,
        coalesce(refunds.order_id, placed.order_id) as order_id,
        refunds.refunded_at,
        refunds.refunded_on,
        refunds.reason,
        refunds.amount,
        coalesce(refunds.currency, paid_back.source_currency) as currency,
        paid_back.person_id,
        paid_back.is_guest,
        paid_back.ordered_on,
        paid_back.is_cancelled,
        paid_back.order_id is not null as is_order_known,
        placed.order_id is not null as is_order_assumed
    from refunds
    left join placed
        on refunds.refund_id = placed.refund_id
        and placed.order_rank = 1
    left join paid_back
        on coalesce(refunds.order_id, placed.order_id) = paid_back.order_id
    where refunds.refunded_on <= {{ as_of() }}

),

converted as (

    select
        matched.*,
        {{ in_reporting_currency('matched.amount', 'exchange_rates.rate') }} as paid_back_amount
    from matched
    left join exchange_rates
        on matched.currency = exchange_rates.currency
        and matched.refunded_on = exchange_rates.day

)

select
    refund_id,
    order_id,
    person_id,
    is_guest,
    refunded_at,
    refunded_on,
    ordered_on,
    is_cancelled,
    is_order_known,
    is_order_assumed,
    reason,
    paid_back_amount,
    case when is_order_known and not is_cancelled then paid_back_amount else 0 end as refunded_amount
from converted
