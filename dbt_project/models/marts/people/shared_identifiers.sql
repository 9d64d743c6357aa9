-- grain: kind and identifier (under a keyed hash) that several contacts carry and that does not make one person of all of them
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

people as (

    select * from {{ ref('int_contacts__merged') }}

),

grouped as (

    select * from {{ ref('int_contacts__grouped') }}

),

identifiers as (

    select * from {{ ref('int_identifiers__judged') }}

),

carried as (

    select
        'email' as kind,
        email_key as identifier_key,
        contact_id,
        created_at
    from contacts
    where email_key is not null
    union all
    select
        'phone' as kind,
        phone_key as identifier_key,
        contact_id,
        created_at
    from contacts
    where phone_key is not null

),

carriers as (

    select
        carried.kind,
        carried.identifier_key,
        carried.contact_id,
        people.person_id,
        grouped.guard,
        row_number() over (
            partition by carried.kind, carried.identifier_key
            order by carried.created_at asc nulls last, carried.contact_id asc nulls last
        ) as age_rank
    from identifiers
    inner join carried
        on identifiers.kind = carried.kind
        and identifiers.identifier_key = carried.identifier_key
    inner join people
        on carried.contact_id = people.contact_id
    left join grouped
        on carried.contact_id = grouped.contact_id

),

summed as (

    select
        kind,
        identifier_key,
        max(contact_id) filter (where age_rank = 1) as first_contact_id,
        count(distinct person_id) as people_count,
        bool_or(coalesce(guard = 'blocked_by_decision', false)) as is_torn,
        bool_or(coalesce(guard = 'oversized', false)) as is_in_oversized,
        bool_or(coalesce(guard = 'chain_of_names', false)) as is_in_chain
    from carriers
    group by kind, identifier_key

),

reasoned as (

    select
        identifiers.kind,
        identifiers.identifier_key,
        summed.first_contact_id,
        identifiers.contacts_count,
        identifiers.names_count,
        summed.people_count,
        -- the first that applies
        case
            when identifiers.is_blocked then 'blocked_by_decision'
            when identifiers.names_count > 1 then 'shared'
            when identifiers.largest_group_count > {{ setting('identity_largest_person') }} then 'oversized'
            when summed.people_count = 1 then null
            when summed.is_torn then 'blocked_by_decision'
            when summed.is_in_oversized then 'oversized'
            when summed.is_in_chain then 'chain_of_names'
        end as reason
    from identifiers
    inner join summed
        on identifiers.kind = summed.kind
        and identifiers.identifier_key = summed.identifier_key

)

select
    kind,
    {{ keyed_hash("concat(kind, ':', identifier_key)") }} as identifier_hash,
    first_contact_id,
    contacts_count,
    names_count,
    people_count,
    reason
from reasoned
where reason is not null
