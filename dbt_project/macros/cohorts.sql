{# Cohorts by age: the steps that the tables by channel and by distance share. #}

{# Steps and last select behind `cells` (rows of int_cohort_cells) of a table with one row per cohort month, value of `dimension` and age.
   With `total`, one more value of that name stands for all of them. #}
{% macro retention_by(dimension, total=none) -%}
clock as (

    select
        {{ as_of() }} as as_of,
        {{ setting('cohorts_age_days') }} as age_days

),

measured as (

    select
        cells.*,
        {{ month_of('first_purchase_on') }} as cohort_month,
        {{ dimension }} as part
    from cells
    {%- if total %}
    union all
    select
        cells.*,
        {{ month_of('first_purchase_on') }} as cohort_month,
        '{{ total }}' as part
    from cells
    {%- endif %}

),

-- how many customers began on each day: enough to size a cohort and to know who can be observed
starts as (

    select
        cohort_month,
        part,
        first_purchase_on,
        sum(customers_count) as customers_count
    from measured
    where age = 0
    group by cohort_month, part, first_purchase_on

),

cohorts as (

    select
        cohort_month,
        part,
        min(first_purchase_on) as first_on,
        max(first_purchase_on) as last_on,
        sum(customers_count) as customers_count
    from starts
    group by cohort_month, part

),

grid as (

    select
        cohorts.cohort_month,
        cohorts.part,
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
        grid.part,
        grid.age,
        sum(starts.customers_count) as customers_eligible
    from grid
    cross join clock
    inner join starts
        on grid.cohort_month = starts.cohort_month
        and grid.part = starts.part
        and {{ add_days('starts.first_purchase_on', '(grid.age + 1) * clock.age_days') }} <= clock.as_of
    group by grid.cohort_month, grid.part, grid.age

),

summed as (

    select
        cohort_month,
        part,
        age,
        sum(active_customers) as active_customers,
        sum(last_seen_customers) as last_seen_customers,
        sum(revenue_amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from measured
    group by cohort_month, part, age

),

filled as (

    select
        grid.cohort_month,
        grid.part,
        grid.age,
        grid.customers_count,
        coalesce(eligible.customers_eligible, 0) as customers_eligible,
        {{ add_days('grid.last_on', '(grid.age + 1) * clock.age_days') }} <= clock.as_of as is_mature,
        coalesce(summed.active_customers, 0) as active_customers,
        sum(coalesce(summed.last_seen_customers, 0)) over later_ages as still_buying_customers,
        coalesce(summed.revenue_amount, 0) as revenue_amount,
        case when coalesce(summed.unknown_margins_count, 0) = 0 then coalesce(summed.margin_amount, 0) end as margin_amount,
        sum(coalesce(summed.revenue_amount, 0)) over earlier_ages as cumulative_revenue_amount,
        sum(coalesce(summed.margin_amount, 0)) over earlier_ages as cumulative_margin_amount,
        sum(coalesce(summed.unknown_margins_count, 0)) over earlier_ages as cumulative_unknown_count
    from grid
    cross join clock
    left join eligible
        on grid.cohort_month = eligible.cohort_month
        and grid.part = eligible.part
        and grid.age = eligible.age
    left join summed
        on grid.cohort_month = summed.cohort_month
        and grid.part = summed.part
        and grid.age = summed.age
    window
        later_ages as (
            partition by grid.cohort_month, grid.part
            order by grid.age asc nulls last
            rows between current row and unbounded following
        ),
        earlier_ages as (
            partition by grid.cohort_month, grid.part
            order by grid.age asc nulls last
            rows between unbounded preceding and current row
        )

)

-- a cell that not every member can have reached is unknown, not zero
select
    cohort_month,
    part as {{ dimension }},
    age,
    is_mature,
    cast(customers_count as bigint) as customers_count,
    cast(customers_eligible as bigint) as customers_eligible,
    cast(case when is_mature then active_customers end as bigint) as active_customers,
    case when is_mature then {{ as_ratio('active_customers') }} / nullif(customers_count, 0) end as retention_rate,
    case when is_mature then {{ as_ratio('still_buying_customers') }} / nullif(customers_count, 0) end as rolling_retention_rate,
    cast(case when is_mature then revenue_amount end as decimal(18, 2)) as revenue_amount,
    cast(case when is_mature then margin_amount end as decimal(18, 2)) as margin_amount,
    case when is_mature then {{ divided_amount('cumulative_revenue_amount', 'customers_count') }} end as cumulative_revenue_amount,
    case
        when is_mature and cumulative_unknown_count = 0 then {{ divided_amount('cumulative_margin_amount', 'customers_count') }}
    end as cumulative_ltv_amount
from filled
{%- endmacro %}
