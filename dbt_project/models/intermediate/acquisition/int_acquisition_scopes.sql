-- grain: scope and cell (month, channel, whether referred) that it takes in, wholly or in part; scopes overlap
{{ config(materialized='view') }}

with

cells as (

    select * from {{ ref('int_acquisition_cells') }}

),

paid_channels as (

    select
        month,
        acquisition_channel
    from cells
    where acquisition_amount > 0
    group by month, acquisition_channel

)

select
    'channel' as scope,
    acquisition_channel as shown_channel,
    month,
    acquisition_channel,
    is_referred,
    true as has_customers,
    true as has_acquisition
from cells
union all
select
    'blended' as scope,
    'all' as shown_channel,
    month,
    acquisition_channel,
    is_referred,
    true as has_customers,
    true as has_acquisition
from cells
union all
select
    'paid' as scope,
    'all' as shown_channel,
    cells.month,
    cells.acquisition_channel,
    cells.is_referred,
    true as has_customers,
    true as has_acquisition
from cells
inner join paid_channels
    on cells.month = paid_channels.month
    and cells.acquisition_channel = paid_channels.acquisition_channel
union all
select
    'referred' as scope,
    'all' as shown_channel,
    month,
    acquisition_channel,
    is_referred,
    is_referred as has_customers,
    false as has_acquisition
from cells
where is_referred or referral_amount > 0
