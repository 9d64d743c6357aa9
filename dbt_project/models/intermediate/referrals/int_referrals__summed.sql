-- grain: person in a referral tree, root, branch or leaf; sums over all descendants, so not additive over people
{%- set levels = hop_levels() %}
{%- set measures = ['people_count', 'customers_count', 'revenue_amount', 'margin_amount', 'unknown_margins_count'] %}

with

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

hops as (

    select * from {{ ref('int_referrals__hops') }}

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
brought as {{ materialized() }} (

    select
        members.person_id,
        1 as people_count,
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

-- added_n: what the people exactly 2^n below bring, with all who are less than 2^n below them; together they are everybody below
{% for level in range(0, levels + 1) -%}
added_{{ level }} as {{ materialized() }} (

    select
        hops.upper_person_id as person_id
        {%- for measure in measures %},
        sum(parts.{{ measure }}) as {{ measure }}
        {%- endfor %}
    from hops
    inner join (
        select person_id, {{ measures | join(', ') }}
        from brought
        {%- for lower in range(0, level) %}
        union all
        select person_id, {{ measures | join(', ') }}
        from added_{{ lower }}
        {%- endfor %}
    ) as parts
        on hops.person_id = parts.person_id
    where hops.level = {{ level }}
    group by hops.upper_person_id

),

{% endfor -%}
below as (

    select
        person_id
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}
    from (
        {%- for level in range(0, levels + 1) %}
        select person_id, {{ measures | join(', ') }}
        from added_{{ level }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as added
    group by person_id

),

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
    members.person_id,
    coalesce(direct.direct_people_count, 0) as direct_people_count,
    coalesce(direct.direct_customers_count, 0) as direct_customers_count,
    cast(coalesce(direct.direct_revenue_amount, 0) as decimal(18, 2)) as direct_revenue_amount,
    cast(
        case when coalesce(direct.direct_unknown_margins_count, 0) = 0 then coalesce(direct.direct_margin_amount, 0) end
        as decimal(18, 2)
    ) as direct_margin_amount,
    cast(coalesce(below.people_count, 0) as bigint) as downstream_people_count,
    cast(coalesce(below.customers_count, 0) as bigint) as downstream_customers_count,
    cast(coalesce(below.revenue_amount, 0) as decimal(18, 2)) as downstream_revenue_amount,
    cast(
        case when coalesce(below.unknown_margins_count, 0) = 0 then coalesce(below.margin_amount, 0) end
        as decimal(18, 2)
    ) as downstream_margin_amount
from members
left join below
    on members.person_id = below.person_id
left join direct
    on members.person_id = direct.person_id
