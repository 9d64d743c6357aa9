-- Assumes that every customer is in one segment of each division, now and on the accepted night before. If one were in two, or in none, the parts
-- of the change would not add up to that of the whole, and growth would be claimed twice.
with

summed as (

    select
        division,
        sum(customers_count) as customers_count,
        sum(clv_12_amount) as clv_12_amount,
        sum(clv_36_amount) as clv_36_amount,
        sum(change_amount) as change_amount,
        sum(new_customers_count) as new_customers_count,
        sum(lost_customers_count) as lost_customers_count
    from {{ ref('customer_equity') }}
    where measured_on = {{ as_of() }}
    group by division

)

select parts.*
from summed as parts
cross join summed as whole
where whole.division = 'all' and (
    parts.customers_count is distinct from whole.customers_count
    or parts.clv_12_amount is distinct from whole.clv_12_amount
    or parts.clv_36_amount is distinct from whole.clv_36_amount
    or parts.change_amount is distinct from whole.change_amount
    or parts.new_customers_count is distinct from whole.new_customers_count
    or parts.lost_customers_count is distinct from whole.lost_customers_count
)
