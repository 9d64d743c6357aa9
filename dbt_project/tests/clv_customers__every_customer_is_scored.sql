-- Assumes that the model's scores and the night's customers are the same people. A customer without a score would silently be worth nothing
-- in every sum of customer equity; a score without a customer, or a subscriber, would be worth something nobody owns.
{{ config(tags=['after_clv']) }}

with

customers as (

    select person_id from {{ ref('int_customer_facts') }}

),

subscribers as (

    select distinct person_id -- somebody may have several contracts
    from {{ ref('int_contracts__running') }}

),

scores as (

    select person_id from {{ ref('clv_customers') }}

)

select
    coalesce(customers.person_id, scores.person_id) as person_id,
    customers.person_id is null as is_unknown,
    scores.person_id is null as is_unscored
from customers
full outer join scores
    on customers.person_id = scores.person_id
left join subscribers
    on scores.person_id = subscribers.person_id
where scores.person_id is null or (customers.person_id is null and subscribers.person_id is null)
