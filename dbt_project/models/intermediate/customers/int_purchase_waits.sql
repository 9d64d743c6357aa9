-- grain: customer and purchase waited for (the second, the third): the days from the purchase day before it, to it or to as_of
with

customers as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest and not is_left_censored

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    where not is_guest

),

numbered as (

    select
        person_id,
        purchased_on,
        lead(purchased_on) over (partition by person_id order by purchased_on asc nulls last) as next_purchased_on,
        row_number() over (partition by person_id order by purchased_on asc nulls last) as purchase_number
    from purchase_days

)

select
    numbered.person_id,
    numbered.purchase_number + 1 as purchase_number,
    {{ month_of('customers.first_purchase_on') }} as cohort_month,
    {{ named_channel('customers.acquisition_channel') }} as acquisition_channel,
    {{ days_between('numbered.purchased_on', 'coalesce(numbered.next_purchased_on, ' ~ as_of() ~ ')') }} as days,
    {{ days_between('numbered.purchased_on', as_of()) }} as seen_days,
    numbered.next_purchased_on is not null as has_bought
from numbered
inner join customers
    on numbered.person_id = customers.person_id
where numbered.purchase_number <= 2
