-- grain: new customer and month of age (1 holds the first purchase) with an order; what the order earned, its refunds deducted

with

customers as (

    select
        facts.person_id,
        facts.first_purchase_on,
        {{ month_of('facts.first_purchase_on') }} as acquired_month,
        {{ named_channel('facts.acquisition_channel') }} as acquisition_channel,
        edges.referred_person_id is not null as is_referred
    from {{ ref('int_customer_facts') }} as facts
    left join {{ ref('int_referrals__accepted') }} as edges
        on facts.person_id = edges.referred_person_id
    where not facts.is_guest and not facts.is_left_censored

),

orders as (

    select * from {{ ref('int_orders__valued') }}
    where not is_cancelled

),

dated as (

    select
        customers.person_id,
        customers.first_purchase_on,
        customers.acquired_month,
        customers.acquisition_channel,
        customers.is_referred,
        orders.ordered_on,
        orders.margin_by_order_date_amount,
        (extract(year from orders.ordered_on) - extract(year from customers.first_purchase_on)) * 12
        + extract(month from orders.ordered_on) - extract(month from customers.first_purchase_on) as months_between
    from customers
    inner join orders
        on customers.person_id = orders.person_id

),

-- an order on a day that was paid back whole can precede the first purchase: it counts in the first month
aged as (

    select
        *,
        greatest(
            months_between + case when ordered_on >= {{ add_months('first_purchase_on', 'months_between') }} then 1 else 0 end, 1
        ) as age_months
    from dated

)

select
    person_id,
    first_purchase_on,
    acquired_month,
    acquisition_channel,
    is_referred,
    cast(age_months as bigint) as age_months,
    cast(coalesce(sum(margin_by_order_date_amount), 0) as decimal(18, 2)) as margin_amount,
    count(*) - count(margin_by_order_date_amount) as unknown_margins_count
from aged
group by person_id, first_purchase_on, acquired_month, acquisition_channel, is_referred, age_months
