-- grain: (model_group, x, mean_repeat_cents) of identified repeat customers: all a spend model has to read
with

facts as (

    select * from {{ ref('int_customer_facts') }}

),

about as (

    select * from {{ ref('int_clv_customers') }}

),

customers as (

    select
        about.model_group,
        facts.x,
        cast(round(cast(facts.repeat_amount as decimal(38, 2)) * 100 / nullif(facts.x, 0), 0) as bigint) as mean_repeat_cents
    from facts
    inner join about
        on facts.person_id = about.person_id
    -- whose days cannot be has no part in any fit: the number of repeats is as doubtful
    where
        not facts.is_guest
        and facts.x between 1 and facts.t_x_days
        and facts.t_x_days <= facts.age_days
        and facts.repeat_amount > 0

)

select
    model_group,
    x,
    mean_repeat_cents,
    count(*) as customers
from customers
where mean_repeat_cents > 0
group by model_group, x, mean_repeat_cents
