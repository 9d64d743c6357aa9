-- grain: (model_group, x, t_x_days, age_days) of identified customers: all a purchase model has to read
with

customers as (

    select * from {{ ref('int_customer_facts') }}

),

about as (

    select * from {{ ref('int_clv_customers') }}

)

select
    about.model_group,
    customers.x,
    customers.t_x_days,
    customers.age_days,
    count(*) as customers
from customers
inner join about
    on customers.person_id = about.person_id
where not customers.is_guest
group by about.model_group, customers.x, customers.t_x_days, customers.age_days
