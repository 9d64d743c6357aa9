-- grain: customer; what decides by which policy and with whom somebody is valued
with

customers as (

    select * from {{ ref('int_customer_facts') }}

),

money as (

    select * from {{ ref('int_orders__summarised') }}

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
    money.last_brand as brand,
    case
        -- what comes in by contract is no habit of buying: it is neither fitted with the purchases of others nor judged with them
        when
            (customers.has_active_subscription or customers.last_subscription_ended_on is not null)
            and {{ json_member(setting('clv_policies'), 'money.last_brand', 'business_model') }} = 'subscription'
            then 'contract'
        when named.group_name in ('all', 'contract') then concat(named.group_name, ' (', {{ setting('clv_groups') }}, ')')
        else coalesce(named.group_name, 'all')
    end as model_group
from customers
left join money
    on customers.person_id = money.person_id
left join named
    on customers.person_id = named.person_id
