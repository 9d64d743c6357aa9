-- grain: person who referred or was referred; what hangs below two people of one branch overlaps, so only depths and direct counts compare
with

placed as (

    select * from {{ ref('int_referrals__placed') }}

),

summed as (

    select * from {{ ref('int_referrals__summed') }}

)

select
    placed.person_id,
    placed.referrer_person_id,
    placed.edge_on,
    placed.root_person_id,
    placed.depth,
    summed.direct_people_count,
    summed.direct_customers_count,
    summed.downstream_people_count,
    summed.downstream_customers_count
from placed
inner join summed
    on placed.person_id = summed.person_id
