-- grain: customer; what decides by which policy and with whom somebody is valued
with

customers as (

    select * from {{ ref('int_customer_facts') }}

),

orders as (

    select * from {{ ref('int_orders__valued') }}

),

-- the brand somebody bought last; of two on the same instant, the later order id
brands as (

    select
        person_id,
        brand,
        row_number() over (
            partition by person_id
            order by ordered_at desc nulls last, order_id desc nulls last
        ) as place
    from orders
    where not is_cancelled and brand is not null

)

select
    customers.person_id,
    brands.brand,
    case {{ setting('clv_groups') }}
        when 'acquisition_channel' then coalesce(customers.acquisition_channel, 'unknown')
        when 'first_category' then coalesce(customers.first_category, 'unknown')
        else 'all'
    end as model_group
from customers
left join brands
    on customers.person_id = brands.person_id
    and brands.place = 1
