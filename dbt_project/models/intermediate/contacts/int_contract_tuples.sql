-- grain: (plan, begun_in, periods, is_ended): all a model of contract length has to read
with

contracts as (

    select
        *,
        cast(extract(year from started_on) as bigint) as begun_in
    from {{ ref('int_contracts') }}

)

select
    plan,
    begun_in,
    periods,
    is_ended,
    count(*) as contracts
from contracts
group by plan, begun_in, periods, is_ended
