-- grain: (x, t_x_days, age_days) of identified customers: all a purchase model has to read
with

customers as (

    select * from {{ ref('int_customer_facts') }}

)

select
    x,
    t_x_days,
    age_days,
    count(*) as customers
from customers
where not is_guest
group by x, t_x_days, age_days
