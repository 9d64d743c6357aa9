-- grain: day, channel and campaign on which something was spent by as_of, with what it was spent for; reporting currency
with

spend as (

    select
        *,
        lower(trim(channel)) as channel_key
    from {{ ref('stg_marketing_spend') }}
    where day <= {{ as_of() }}

),

campaigns as (

    select * from {{ ref('stg_campaigns') }}

),

customers as (

    select * from {{ ref('int_customer_facts') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates__daily') }}
    where currency <> {{ setting('company_currency') }}

),

-- the channel as customers have it, so that cost meets customers whatever the letter case of the two sources
channels as (

    select
        lower(trim(acquisition_channel)) as channel_key,
        min(acquisition_channel) as channel
    from customers
    where acquisition_channel is not null
    group by lower(trim(acquisition_channel))

),

stated as (

    select
        spend.day,
        {{ named_channel('coalesce(channels.channel, trim(spend.channel))') }} as channel,
        spend.campaign_id,
        nullif(lower(trim(coalesce(nullif(trim(spend.purpose), ''), campaigns.purpose))), '') as stated_purpose,
        {{ in_reporting_currency('spend.amount', 'exchange_rates.rate') }} as amount
    from spend
    left join channels
        on spend.channel_key = channels.channel_key
    left join campaigns
        on spend.campaign_id = campaigns.campaign_id
    left join exchange_rates
        on spend.currency = exchange_rates.currency
        and spend.day = exchange_rates.day

)

select
    day,
    {{ month_of('day') }} as spend_month,
    channel,
    campaign_id,
    coalesce(stated_purpose, {{ setting('acquisition_unstated_purpose') }}) as purpose,
    stated_purpose is null as is_purpose_assumed,
    amount
from stated
