-- grain: currency and day, from its first rate to as_of; a day without a rate carries the latest one before it
with

rates as (

    select * from {{ ref('stg_exchange_rates') }}

),

spans as (

    select
        currency,
        day,
        cast(rate as decimal(20, 10)) as rate,
        lead(day) over (partition by currency order by day asc nulls last) as next_day
    from rates
    where day <= {{ as_of() }}

),

sized as (

    select
        currency,
        day,
        rate,
        {{ days_between('day', 'coalesce(' ~ add_days('next_day', -1) ~ ', ' ~ as_of() ~ ')') }} as last_offset
    from spans

),

days as (

    select
        currency,
        day as rated_on,
        rate,
        {{ series_to('last_offset') }} as day_offset
    from sized

)

select
    currency,
    {{ add_days('rated_on', 'day_offset') }} as day,
    rated_on,
    rate
from days
