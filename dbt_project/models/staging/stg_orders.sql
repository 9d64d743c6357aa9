with

base as (

    select * from {{ ref('base_orders') }}

)

select
    order_id,
    ordered_at,
    contact_ref,
    net_amount,
    upper(trim(currency)) as currency,
    gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    shipping_cost,
    payment_fee,
    status,
    channel,
    brand,
    campaign_id,
    coupon_code,
    partner_id,
    payment_fingerprint,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
