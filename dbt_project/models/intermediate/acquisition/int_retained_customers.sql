-- grain: month in which customers of an earlier month bought again
with

customers as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    where not is_guest

),

buyers as (

    select
        purchase_days.person_id,
        {{ month_of('purchase_days.purchased_on') }} as month
    from purchase_days
    inner join customers
        on purchase_days.person_id = customers.person_id
        and customers.first_purchase_on < {{ month_of('purchase_days.purchased_on') }}
    group by purchase_days.person_id, {{ month_of('purchase_days.purchased_on') }}

)

select
    month,
    count(*) as retained_count
from buyers
group by month
