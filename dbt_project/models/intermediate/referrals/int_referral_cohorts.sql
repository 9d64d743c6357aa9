-- grain: month in which customers first bought, and how many further customers they brought within the window of their own first purchase
with

customers as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest and not is_left_censored

),

everyone as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

-- time runs between the two first purchases; whoever bought before the referrer did was not brought by a customer
brought as (

    select
        {{ month_of('customers.first_purchase_on') }} as month,
        {{ days_between('customers.first_purchase_on', 'everyone.first_purchase_on') }} as cycle_days
    from edges
    inner join customers
        on edges.referrer_person_id = customers.person_id
    inner join everyone
        on edges.referred_person_id = everyone.person_id
    where everyone.first_purchase_on >= customers.first_purchase_on
        and everyone.first_purchase_on < {{ add_days('customers.first_purchase_on', setting('referrals_window_days')) }}

),

counted as (

    select
        month,
        count(*) as brought_count,
        median(cycle_days) as cycle_days
    from brought
    group by month

),

cohorts as (

    select
        {{ month_of('first_purchase_on') }} as month,
        count(*) as customers_count,
        max(first_purchase_on) as last_on
    from customers
    group by {{ month_of('first_purchase_on') }}

)

select
    cohorts.month,
    cohorts.customers_count,
    {{ add_days('cohorts.last_on', setting('referrals_window_days')) }} <= {{ as_of() }} as is_mature,
    coalesce(counted.brought_count, 0) as brought_count,
    counted.cycle_days
from cohorts
left join counted
    on cohorts.month = counted.month
