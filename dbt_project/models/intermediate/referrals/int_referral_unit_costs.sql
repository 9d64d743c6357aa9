-- grain: month in which a referred customer first bought: what such a customer saved, and what the programme cost for each
with

totals as (

    select * from {{ ref('int_acquisition_totals') }}

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}
    where is_converted

),

months as (

    select {{ month_of('first_purchase_on') }} as month
    from edges
    group by {{ month_of('first_purchase_on') }}

),

-- one month of paid customers is few: the year up to the month
paid as (

    select
        months.month,
        sum(totals.cost_amount) as cost_amount,
        sum(totals.customers_count) as customers_count
    from months
    inner join totals
        on totals.month <= months.month
        and totals.month > {{ add_months('months.month', -12) }}
    where totals.scope = 'paid'
    group by months.month

),

programme as (

    select
        month,
        referral_amount,
        customers_count
    from totals
    where scope = 'referred'

)

select
    months.month,
    {{ divided_amount('paid.cost_amount', 'paid.customers_count') }} as saved_acquisition_amount,
    coalesce({{ divided_amount('programme.referral_amount', 'programme.customers_count') }}, 0) as programme_cost_amount
from months
left join paid
    on months.month = paid.month
left join programme
    on months.month = programme.month
