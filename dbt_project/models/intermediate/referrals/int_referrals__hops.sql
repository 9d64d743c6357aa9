-- grain: person and level: the ancestor exactly 2^level referrers above, where there is one; not additive
{%- set levels = hop_levels() %}

with

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

-- pointer doubling: each level halves what is left, until nobody has so many above
hops_0 as {{ materialized() }} (

    select
        referred_person_id as person_id,
        referrer_person_id as upper_person_id
    from edges

),
{% for level in range(1, levels + 1) %}
hops_{{ level }} as {{ materialized() }} (

    select
        here.person_id,
        there.upper_person_id
    from hops_{{ level - 1 }} as here
    inner join hops_{{ level - 1 }} as there
        on here.upper_person_id = there.person_id

){{ ',' if not loop.last }}
{% endfor %}
{% for level in range(0, levels + 1) -%}
select
    person_id,
    upper_person_id,
    {{ level }} as level
from hops_{{ level }}
{% if not loop.last -%}
union all
{% endif -%}
{%- endfor %}
