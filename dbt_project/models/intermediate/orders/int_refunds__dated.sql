-- grain: refund paid by as_of; refunded_amount is what counts against revenue: nothing for a cancelled or (still) unknown order
with

refunds as (

    select
        *,
        {{ business_date('refunded_at') }} as refunded_on
    from {{ ref('stg_refunds') }}

),

orders as (

    select * from {{ ref('int_orders__identified') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

-- a refund without a currency is in the currency of its order
matched as (

    select
        refunds.refund_id,
        refunds.order_id,
        refunds.refunded_at,
        refunds.refunded_on,
        refunds.reason,
        refunds.amount,
        coalesce(refunds.currency, orders.source_currency) as currency,
        orders.person_id,
        orders.is_guest,
        orders.ordered_on,
        orders.is_cancelled,
        orders.order_id is not null as is_order_known
    from refunds
    left join orders
        on refunds.order_id = orders.order_id
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
    reason,
    paid_back_amount,
    case when is_order_known and not is_cancelled then paid_back_amount else 0 end as refunded_amount
from converted
