-- grain: day of the first purchase, acquisition channel, distance at acquisition and age; the other columns add up
with

customers as (

    select
        person_id,
        first_purchase_on,
        t_x_days,
        {{ named_channel('acquisition_channel') }} as acquisition_channel,
        distance_at_acquisition
    from {{ ref('int_customer_facts') }}
    where not is_guest and not is_left_censored

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}

),

orders as (

    select * from {{ ref('int_orders__valued') }}

),

clock as (

    select {{ setting('cohorts_age_days') }} as age_days

),

started as (

    select
        first_purchase_on,
        acquisition_channel,
        distance_at_acquisition,
        0 as age,
        count(*) as customers_count,
        0 as active_customers,
        0 as last_seen_customers,
        0 as revenue_amount,
        0 as margin_amount,
        0 as unknown_margins_count
    from customers
    group by first_purchase_on, acquisition_channel, distance_at_acquisition

),

activity as (

    select
        customers.person_id,
        customers.first_purchase_on,
        customers.acquisition_channel,
        customers.distance_at_acquisition,
        cast(
            floor({{ days_between('customers.first_purchase_on', 'purchase_days.purchased_on') }} / nullif(clock.age_days, 0)) as bigint
        ) as age
    from purchase_days
    inner join customers
        on purchase_days.person_id = customers.person_id
    cross join clock
    group by 1, 2, 3, 4, 5

),

active as (

    select
        first_purchase_on,
        acquisition_channel,
        distance_at_acquisition,
        age,
        0 as customers_count,
        count(*) as active_customers,
        0 as last_seen_customers,
        0 as revenue_amount,
        0 as margin_amount,
        0 as unknown_margins_count
    from activity
    group by first_purchase_on, acquisition_channel, distance_at_acquisition, age

),

-- the age of the last purchase: whoever has it at k or later bought at age >= k
last_seen as (

    select
        customers.first_purchase_on,
        customers.acquisition_channel,
        customers.distance_at_acquisition,
        cast(floor(customers.t_x_days / nullif(clock.age_days, 0)) as bigint) as age,
        0 as customers_count,
        0 as active_customers,
        count(*) as last_seen_customers,
        0 as revenue_amount,
        0 as margin_amount,
        0 as unknown_margins_count
    from customers
    cross join clock
    group by 1, 2, 3, 4

),

-- an order on a day that was paid back whole can precede the first purchase: it counts at age 0
money as (

    select
        customers.first_purchase_on,
        customers.acquisition_channel,
        customers.distance_at_acquisition,
        cast(
            greatest(
                floor({{ days_between('customers.first_purchase_on', 'orders.ordered_on') }} / nullif(clock.age_days, 0)), 0
            ) as bigint
        ) as age,
        0 as customers_count,
        0 as active_customers,
        0 as last_seen_customers,
        sum(orders.revenue_amount - orders.refunded_amount) as revenue_amount,
        coalesce(sum(orders.margin_by_order_date_amount), 0) as margin_amount,
        count(*) - count(orders.margin_by_order_date_amount) as unknown_margins_count
    from orders
    inner join customers
        on orders.person_id = customers.person_id
    cross join clock
    where not orders.is_cancelled
    group by 1, 2, 3, 4

),

measured as (

    select * from started
    union all
    select * from active
    union all
    select * from last_seen
    union all
    select * from money

)

select
    first_purchase_on,
    acquisition_channel,
    distance_at_acquisition,
    cast(age as bigint) as age,
    cast(sum(customers_count) as bigint) as customers_count,
    cast(sum(active_customers) as bigint) as active_customers,
    cast(sum(last_seen_customers) as bigint) as last_seen_customers,
    cast(sum(revenue_amount) as decimal(38, 2)) as revenue_amount,
    cast(sum(margin_amount) as decimal(38, 2)) as margin_amount,
    cast(sum(unknown_margins_count) as bigint) as unknown_margins_count
from measured
group by first_purchase_on, acquisition_channel, distance_at_acquisition, age
