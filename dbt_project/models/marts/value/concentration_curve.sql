-- grain: measure and hundredth of customers, the ones who hold most first; nothing adds up
with

customers as (

    select * from {{ ref('dim_customers') }}

),

segments as (

    select * from {{ ref('segments') }}

),

{{ ranked_amounts() }},

hundredths as (

    select
        measure,
        {{ series_to('100') }} as hundredth
    from measures

),

-- the fewest customers that are at least so many hundredths of all
points as (

    select
        hundredths.measure,
        hundredths.hundredth,
        max(ranked.place) as customers_count,
        max(ranked.running_amount) as running_amount,
        max(ranked.holders_count) as holders_count,
        max(ranked.held_amount) as held_amount
    from hundredths
    inner join ranked
        on hundredths.measure = ranked.measure
        and ranked.place = greatest(ceil(hundredths.hundredth * ranked.holders_count / 100.0), 1)
    group by hundredths.measure, hundredths.hundredth

)

select
    measure,
    cast(hundredth as bigint) as hundredth,
    cast(case when hundredth = 0 then 0 else customers_count end as bigint) as customers_count,
    cast(case when hundredth = 0 then 0 else running_amount end as decimal(38, 2)) as held_amount,
    case
        when hundredth = 0 then cast(0 as double)
        else {{ share('customers_count', 'holders_count') }}
    end as customers_rate,
    case
        when hundredth = 0 then cast(0 as double)
        else {{ share_of_amount('running_amount', 'held_amount') }}
    end as held_rate
from points
