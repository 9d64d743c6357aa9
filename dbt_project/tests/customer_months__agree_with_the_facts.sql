-- Assumes that every order and refund of a person falls into one month of theirs. If one were lost or counted twice, the months would not add
-- up to the facts, and every figure as of a past month would be wrong. In a night
-- that goes on, the people whom it rebuilt are looked at.
with

facts as (

    select
        person_id,
        revenue_amount
    from {{ ref('fct_orders') }}
    where not is_cancelled
    {{ and_touched('touched_people', 'person_id') }}
    union all
    select
        person_id,
        -refunded_amount as revenue_amount
    from {{ ref('fct_refunds') }}
    where person_id is not null
    {{ and_touched('touched_people', 'person_id') }}

),

of_facts as (

    select
        person_id,
        sum(revenue_amount) as revenue_amount
    from facts
    group by person_id

),

of_months as (

    select
        person_id,
        sum(revenue_amount) as revenue_amount
    from {{ ref('customer_months') }}
    {{ where_touched('touched_people', 'person_id') }}
    group by person_id

)

select
    coalesce(of_months.person_id, of_facts.person_id) as person_id,
    of_facts.revenue_amount as facts_amount,
    of_months.revenue_amount as months_amount
from of_months
full outer join of_facts
    on of_months.person_id = of_facts.person_id
where coalesce(of_months.revenue_amount, 0) <> coalesce(of_facts.revenue_amount, 0)
