-- grain: month, acquisition channel and whether referred: the customers won and the money spent, side by side; adds up
with

spend as (

    select * from {{ ref('int_marketing_spend__purposed') }}

),

margins as (

    select * from {{ ref('int_acquired_margins') }}

),

people as (

    select
        person_id,
        acquired_month as month,
        acquisition_channel,
        is_referred,
        first_purchase_on,
        sum(margin_amount) filter (where age_months <= 12) as margin_12
    from margins
    group by person_id, acquired_month, acquisition_channel, is_referred, first_purchase_on

),

sides as (

    select
        month,
        acquisition_channel,
        is_referred,
        1 as customers_count,
        first_purchase_on,
        cast(margin_12 as decimal(18, 2)) as margin_12,
        0 as amount,
        null as purpose,
        false as is_purpose_assumed
    from people
    union all
    select
        spend_month as month,
        channel as acquisition_channel,
        false as is_referred,
        0 as customers_count,
        null as first_purchase_on,
        0 as margin_12,
        amount,
        purpose,
        is_purpose_assumed
    from spend

)

select
    month,
    acquisition_channel,
    is_referred,
    sum(customers_count) as customers_count,
    max(first_purchase_on) as last_on,
    sum(margin_12) as sum_12,
    sum({{ wide('margin_12') }} * margin_12) as squares_12,
    coalesce(sum(amount) filter (where purpose = 'acquisition'), 0) as acquisition_amount,
    coalesce(sum(amount) filter (where purpose = 'acquisition' and is_purpose_assumed), 0) as assumed_amount,
    coalesce(sum(amount) filter (where purpose = 'referral'), 0) as referral_amount,
    coalesce(sum(amount) filter (where purpose = 'retention'), 0) as retention_amount
from sides
group by month, acquisition_channel, is_referred
