-- grain: contact, as far as created by as_of; person_id is the contact it was merged into, at the end of the chain
{%- set steps = 6 %}

with

contacts as (

    select
        *,
        {{ business_date('created_at') }} as created_on
    from {{ ref('stg_contacts') }}

),

visible as (

    select
        contact_id,
        merged_into,
        created_at,
        created_on,
        nullif(lower(trim(email)), '') as email_key
    from contacts
    where created_on <= {{ as_of() }}

),

-- a merge into a contact nobody landed is not followed: the contact stays the person it is
merges as (

    select
        merged.contact_id,
        survivors.contact_id as next_id
    from visible as merged
    inner join visible as survivors
        on merged.merged_into = survivors.contact_id
    where merged.merged_into <> merged.contact_id

),

-- pointer doubling: after step n a pointer spans 2^n merges, and lowest_id is the lowest contact it passed
hops_0 as {{ materialized() }} (

    select
        contact_id,
        next_id,
        least(contact_id, next_id) as lowest_id
    from merges

),
{% for step in range(1, steps + 1) %}
hops_{{ step }} as {{ materialized() }} (

    select
        here.contact_id,
        coalesce(there.next_id, here.next_id) as next_id,
        least(here.lowest_id, coalesce(there.lowest_id, here.lowest_id)) as lowest_id
    from hops_{{ step - 1 }} as here
    left join hops_{{ step - 1 }} as there
        on here.next_id = there.contact_id

),
{% endfor %}
-- a pointer that still ends on a merged contact ends in a circle: its lowest contact stands for all of it
survivors as (

    select
        hops.contact_id,
        coalesce(circle.lowest_id, hops.next_id) as survivor_id
    from hops_{{ steps }} as hops
    left join hops_{{ steps }} as circle
        on hops.next_id = circle.contact_id

)

select
    visible.contact_id,
    coalesce(survivors.survivor_id, visible.contact_id) as person_id,
    visible.email_key,
    visible.created_at,
    visible.created_on
from visible
left join survivors
    on visible.contact_id = survivors.contact_id
