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

),

named as (

    select
        person_id,
        case {{ setting('clv_groups') }}
            when 'acquisition_channel' then coalesce(acquisition_channel, 'unknown')
            when 'first_category' then coalesce(first_category, 'unknown')
        end as group_name
    from customers

)

select
    customers.person_id,
    brands.brand,
    case
        -- what comes in by contract is no habit of buying: it is neither fitted with the purchases of others nor judged with them
        when
            (customers.has_active_subscription or customers.last_subscription_ended_on is not null)
            and {{ json_member(setting('clv_policies'), 'brands.brand', 'business_model') }} = 'subscription'
            then 'contract'
        when named.group_name in ('all', 'contract') then concat(named.group_name, ' (', {{ setting('clv_groups') }}, ')')
        else coalesce(named.group_name, 'all')
    end as model_group
from customers
left join brands
    on customers.person_id = brands.person_id
    and brands.place = 1
left join named
    on customers.person_id = named.person_id
