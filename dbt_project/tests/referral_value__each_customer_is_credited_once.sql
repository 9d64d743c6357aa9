-- Assumes that a referred customer counts in the referral value of one referrer only. Crediting the whole branch above would still look right
-- person by person, and pay for the same customer as often as there are people above.
select
    credited.customers_count,
    edges.customers_count as converted_count
from (
    select coalesce(sum(direct_customers_count), 0) as customers_count
    from {{ ref('referral_value') }}
) as credited
cross join (
    select count(*) as customers_count
    from {{ ref('int_referrals__accepted') }}
    where is_converted
) as edges
where credited.customers_count <> edges.customers_count
