-- grain: person in a referral tree, root, branch or leaf; sums over all descendants, so not additive over people
{%- set steps = 14 %}

with

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

customers as (

    select * from {{ ref('int_customer_facts') }}

),

members as (

    select referred_person_id as person_id from edges
    union
    select referrer_person_id as person_id from edges

),

-- what a person brings to whoever stands above: nothing before the first purchase inside the window
sums_0 as {{ materialized() }} (

    select
        members.person_id,
        case when edges.is_converted then 1 else 0 end as customers_count,
        case when edges.is_converted then coalesce(customers.revenue_amount, 0) else 0 end as revenue_amount,
        case when edges.is_converted then coalesce(customers.margin_amount, 0) else 0 end as margin_amount,
        case when edges.is_converted and customers.margin_amount is null then 1 else 0 end as unknown_margins_count
    from members
    left join edges
        on members.person_id = edges.referred_person_id
    left join customers
        on members.person_id = customers.person_id

),

-- hops_n points to the ancestor exactly 2^n above; the tables shrink with the depth of the trees
hops_0 as {{ materialized() }} (

    select
        referred_person_id as person_id,
        referrer_person_id as upper_id
    from edges

),
{% for step in range(1, steps + 1) %}
-- sums over all descendants less than 2^{{ step }} below, the person included
sums_{{ step }} as {{ materialized() }} (

    select
        person_id,
        sum(customers_count) as customers_count,
        sum(revenue_amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
        sum(unknown_margins_count) as unknown_margins_count
    from (
        select person_id, customers_count, revenue_amount, margin_amount, unknown_margins_count
        from sums_{{ step - 1 }}
        union all
        select
            hops.upper_id as person_id,
            sums.customers_count,
            sums.revenue_amount,
            sums.margin_amount,
            sums.unknown_margins_count
        from hops_{{ step - 1 }} as hops
        inner join sums_{{ step - 1 }} as sums
            on hops.person_id = sums.person_id
    ) as both_halves
    group by person_id

),

hops_{{ step }} as {{ materialized() }} (

    select
        here.person_id,
        there.upper_id
    from hops_{{ step - 1 }} as here
    inner join hops_{{ step - 1 }} as there
        on here.upper_id = there.person_id

),
{% endfor %}
direct as (

    select
        edges.referrer_person_id as person_id,
        count(*) as direct_people_count,
        count(*) filter (where edges.is_converted) as direct_customers_count,
        sum(customers.revenue_amount) filter (where edges.is_converted) as direct_revenue_amount,
        sum(customers.margin_amount) filter (where edges.is_converted) as direct_margin_amount,
        count(*) filter (where edges.is_converted and customers.margin_amount is null) as direct_unknown_margins_count
    from edges
    left join customers
        on edges.referred_person_id = customers.person_id
    group by edges.referrer_person_id

)

select
    totals.person_id,
    coalesce(direct.direct_people_count, 0) as direct_people_count,
    coalesce(direct.direct_customers_count, 0) as direct_customers_count,
    cast(coalesce(direct.direct_revenue_amount, 0) as decimal(18, 2)) as direct_revenue_amount,
    cast(
        case when coalesce(direct.direct_unknown_margins_count, 0) = 0 then coalesce(direct.direct_margin_amount, 0) end
        as decimal(18, 2)
    ) as direct_margin_amount,
    cast(totals.customers_count - own.customers_count as bigint) as downstream_customers_count,
    cast(totals.revenue_amount - own.revenue_amount as decimal(18, 2)) as downstream_revenue_amount,
    cast(
        case when totals.unknown_margins_count = own.unknown_margins_count then totals.margin_amount - own.margin_amount end
        as decimal(18, 2)
    ) as downstream_margin_amount
from sums_{{ steps }} as totals
inner join sums_0 as own
    on totals.person_id = own.person_id
left join direct
    on totals.person_id = direct.person_id
