-- grain: cohort month, acquisition channel ('all' too) and age; nothing adds up over 'all', and rates never do
with

customers as (

    select
        person_id,
        first_purchase_on,
        t_x_days,
        {{ month_of('first_purchase_on') }} as cohort_month,
        case
            when acquisition_channel is null then 'unknown'
            when lower(acquisition_channel) = 'all' then 'all (channel)'
            else acquisition_channel
        end as acquisition_channel
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

    select
        {{ as_of() }} as as_of,
        {{ setting('cohorts_age_days') }} as age_days

),

-- how many customers began on each day: enough to size a cohort and to know who can be observed
starts as (

    select
        cohort_month,
        acquisition_channel,
        first_purchase_on,
        count(*) as customers_count
    from customers
    group by cohort_month, acquisition_channel, first_purchase_on

),

starts_with_all as (

    select * from starts
    union all
    select
        cohort_month,
        'all' as acquisition_channel,
        first_purchase_on,
        customers_count
    from starts

),

cohorts as (

    select
        cohort_month,
        acquisition_channel,
        min(first_purchase_on) as first_on,
        max(first_purchase_on) as last_on,
        sum(customers_count) as customers_count
    from starts_with_all
    group by cohort_month, acquisition_channel

),

grid as (

    select
        cohorts.cohort_month,
        cohorts.acquisition_channel,
        cohorts.last_on,
        cohorts.customers_count,
        {{ series_to(
            'floor(' ~ days_between('cohorts.first_on', 'clock.as_of') ~ ' / nullif(clock.age_days, 0))'
        ) }} as age
    from cohorts
    cross join clock

),

eligible as (

    select
        grid.cohort_month,
        grid.acquisition_channel,
        grid.age,
        sum(starts_with_all.customers_count) as customers_eligible
    from grid
    cross join clock
    inner join starts_with_all
        on grid.cohort_month = starts_with_all.cohort_month
        and grid.acquisition_channel = starts_with_all.acquisition_channel
        and {{ add_days('starts_with_all.first_purchase_on', '(grid.age + 1) * clock.age_days') }} <= clock.as_of
    group by grid.cohort_month, grid.acquisition_channel, grid.age

),

activity as (

    select
        customers.person_id,
        customers.cohort_month,
        customers.acquisition_channel,
        cast(
            floor({{ days_between('customers.first_purchase_on', 'purchase_days.purchased_on') }} / nullif(clock.age_days, 0)) as bigint
        ) as age
    from purchase_days
    inner join customers
        on purchase_days.person_id = customers.person_id
    cross join clock
    group by 1, 2, 3, 4

),

active as (

    select
        cohort_month,
        acquisition_channel,
        age,
        count(*) as active_customers,
        0 as last_seen_customers,
        0 as revenue_amount,
        0 as margin_amount,
        0 as unknown_margins_count
    from activity
    group by cohort_month, acquisition_channel, age

),

-- the age of the last purchase: whoever has it at k or later bought at age >= k
last_seen as (

    select
        customers.cohort_month,
        customers.acquisition_channel,
        cast(floor(customers.t_x_days / nullif(clock.age_days, 0)) as bigint) as age,
        0 as active_customers,
        count(*) as last_seen_customers,
        0 as revenue_amount,
        0 as margin_amount,
        0 as unknown_margins_count
    from customers
    cross join clock
    group by 1, 2, 3

),

-- an order on a day that was paid back whole can precede the first purchase: it counts at age 0
money as (

    select
        customers.cohort_month,
        customers.acquisition_channel,
        cast(
            greatest(
                floor({{ days_between('customers.first_purchase_on', 'orders.ordered_on') }} / nullif(clock.age_days, 0)), 0
            ) as bigint
        ) as age,
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
    group by 1, 2, 3

),

measured as (

    select * from active
    union all
    select * from last_seen
    union all
    select * from money

),

measured_with_all as (

    select * from measured
    union all
    select
        cohort_month,
        'all' as acquisition_channel,
        age,
        active_customers,
        last_seen_customers,
        revenue_amount,
        margin_amount,
        unknown_margins_count
    from measured

),

cells as (

    select
        cohort_month,
        acquisition_channel,
        age,
        sum(active_customers) as active_customers,
        sum(last_seen_customers) as last_seen_customers,
        sum(revenue_amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from measured_with_all
    group by cohort_month, acquisition_channel, age

),

filled as (

    select
        grid.cohort_month,
        grid.acquisition_channel,
        grid.age,
        grid.customers_count,
        coalesce(eligible.customers_eligible, 0) as customers_eligible,
        {{ add_days('grid.last_on', '(grid.age + 1) * clock.age_days') }} <= clock.as_of as is_mature,
        coalesce(cells.active_customers, 0) as active_customers,
        sum(coalesce(cells.last_seen_customers, 0)) over later_ages as still_buying_customers,
        coalesce(cells.revenue_amount, 0) as revenue_amount,
        case when coalesce(cells.unknown_margins_count, 0) = 0 then coalesce(cells.margin_amount, 0) end as margin_amount,
        sum(coalesce(cells.margin_amount, 0)) over earlier_ages as cumulative_margin_amount,
        sum(coalesce(cells.unknown_margins_count, 0)) over earlier_ages as cumulative_unknown_count
    from grid
    cross join clock
    left join eligible
        on grid.cohort_month = eligible.cohort_month
        and grid.acquisition_channel = eligible.acquisition_channel
        and grid.age = eligible.age
    left join cells
        on grid.cohort_month = cells.cohort_month
        and grid.acquisition_channel = cells.acquisition_channel
        and grid.age = cells.age
    window
        later_ages as (
            partition by grid.cohort_month, grid.acquisition_channel
            order by grid.age asc nulls last
            rows between current row and unbounded following
        ),
        earlier_ages as (
            partition by grid.cohort_month, grid.acquisition_channel
            order by grid.age asc nulls last
            rows between unbounded preceding and current row
        )

)

-- a cell that not every member can have reached is unknown, not zero
select
    cohort_month,
    acquisition_channel,
    age,
    is_mature,
    cast(customers_count as bigint) as customers_count,
    cast(customers_eligible as bigint) as customers_eligible,
    cast(case when is_mature then active_customers end as bigint) as active_customers,
    case when is_mature then {{ as_ratio('active_customers') }} / nullif(customers_count, 0) end as retention_rate,
    case when is_mature then {{ as_ratio('still_buying_customers') }} / nullif(customers_count, 0) end as rolling_retention_rate,
    cast(case when is_mature then revenue_amount end as decimal(18, 2)) as revenue_amount,
    cast(case when is_mature then margin_amount end as decimal(18, 2)) as margin_amount,
    cast(
        case
            when is_mature and cumulative_unknown_count = 0
                then round(cumulative_margin_amount / nullif({{ as_ratio('customers_count') }}, 0), 2)
        end as decimal(18, 2)
    ) as cumulative_ltv_amount
from filled
