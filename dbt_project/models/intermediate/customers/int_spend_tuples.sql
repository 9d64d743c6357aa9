-- grain: (x, mean_repeat_cents) of identified repeat customers: all a spend model has to read
with

customers as (

    select
        x,
        cast(round(repeat_amount * 100 / nullif(x, 0), 0) as bigint) as mean_repeat_cents
    from {{ ref('int_customer_facts') }}
    where not is_guest and x > 0 and repeat_amount > 0

)

select
    x,
    mean_repeat_cents,
    count(*) as customers
from customers
where mean_repeat_cents > 0
group by x, mean_repeat_cents
