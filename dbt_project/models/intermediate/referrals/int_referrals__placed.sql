-- grain: person in a referral tree, with the place in it
{%- set levels = hop_levels() %}

with

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

hops as (

    select * from {{ ref('int_referrals__hops') }}

),

-- the largest step that is left is taken first: the sum of the steps is the depth, and the last place is the root
walked_{{ levels + 1 }} as (

    select
        referred_person_id as person_id,
        referred_person_id as upper_person_id,
        0 as depth
    from edges
    union
    select
        referrer_person_id as person_id,
        referrer_person_id as upper_person_id,
        0 as depth
    from edges

){% for level in range(levels, -1, -1) %},

walked_{{ level }} as (

    select
        walked.person_id,
        coalesce(hops.upper_person_id, walked.upper_person_id) as upper_person_id,
        walked.depth + case when hops.person_id is null then 0 else {{ 2 ** level }} end as depth
    from walked_{{ level + 1 }} as walked
    left join hops
        on walked.upper_person_id = hops.person_id
        and hops.level = {{ level }}

){% endfor %}

select
    walked.person_id,
    edges.referrer_person_id,
    edges.edge_on,
    walked.upper_person_id as root_person_id,
    cast(walked.depth as bigint) as depth
from walked_0 as walked
left join edges
    on walked.person_id = edges.referred_person_id
