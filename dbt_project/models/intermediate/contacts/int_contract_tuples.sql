-- grain: (plan, periods, is_ended): all a model of contract length has to read
with

contracts as (

    select * from {{ ref('int_contracts') }}

)

select
    plan,
    periods,
    is_ended,
    count(*) as contracts
from contracts
group by plan, periods, is_ended
