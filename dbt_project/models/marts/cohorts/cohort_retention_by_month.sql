-- grain: cohort month, acquisition channel ('all' too) and calendar month; amounts add up over months, rates never do
with

clock as (

    select {{ as_of() }} as as_of

),

customers as (

    select
        person_id,
        {{ month_of('first_purchase_on') }} as cohort_month,
        {{ named_channel('acquisition_channel') }} as acquisition_channel
    from {{ ref('int_customer_facts') }}
    where not is_guest and not is_left_censored

),

-- an order on a day that was paid back whole can precede the first purchase: it counts in the month of that
happened as (

    select
        customers.cohort_month,
        customers.acquisition_channel,
        greatest(months.month, customers.cohort_month) as month,
        count(*) filter (where months.purchase_days_count > 0) as active_customers,
        sum(months.revenue_amount) as revenue_amount,
        coalesce(sum(months.margin_by_event_date_amount), 0) as margin_amount,
        count(*) - count(months.margin_by_event_date_amount) as unknown_margins_count
    from {{ ref('customer_months') }} as months
    inner join customers
        on months.person_id = customers.person_id
    group by customers.cohort_month, customers.acquisition_channel, greatest(months.month, customers.cohort_month)

),

started as (

    select
        cohort_month,
        acquisition_channel,
        count(*) as customers_count
    from customers
    group by cohort_month, acquisition_channel

),

cohorts as (

    select * from started
    union all
    select
        cohort_month,
        'all' as acquisition_channel,
        sum(customers_count) as customers_count
    from started
    group by cohort_month

),

cells as (

    select * from happened
    union all
    select
        cohort_month,
        'all' as acquisition_channel,
        month,
        sum(active_customers) as active_customers,
        sum(revenue_amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from happened
    group by cohort_month, month

),

numbered as (

    select
        cohorts.cohort_month,
        cohorts.acquisition_channel,
        cohorts.customers_count,
        {{ series_to(months_between('cohorts.cohort_month', 'clock.as_of')) }} as months_since
    from cohorts
    cross join clock

),

grid as (

    select
        numbered.*,
        {{ add_months('numbered.cohort_month', 'numbered.months_since') }} as month,
        {{ add_days(add_months('numbered.cohort_month', 'numbered.months_since + 1'), -1) }} <= clock.as_of as is_complete
    from numbered
    cross join clock

)

-- of a month that is not over nobody knows yet who will have bought in it
select
    grid.cohort_month,
    grid.acquisition_channel,
    grid.month,
    cast(grid.months_since as bigint) as months_since,
    grid.is_complete,
    cast(grid.customers_count as bigint) as customers_count,
    cast(case when grid.is_complete then coalesce(cells.active_customers, 0) end as bigint) as active_customers,
    case
        when grid.is_complete then {{ as_ratio('coalesce(cells.active_customers, 0)') }} / nullif(grid.customers_count, 0)
    end as retention_rate,
    cast(case when grid.is_complete then coalesce(cells.revenue_amount, 0) end as decimal(18, 2)) as revenue_amount,
    cast(
        case when grid.is_complete and coalesce(cells.unknown_margins_count, 0) = 0 then coalesce(cells.margin_amount, 0) end
        as decimal(18, 2)
    ) as margin_by_event_date_amount
from grid
left join cells
    on grid.cohort_month = cells.cohort_month
    and grid.acquisition_channel = cells.acquisition_channel
    and grid.month = cells.month
