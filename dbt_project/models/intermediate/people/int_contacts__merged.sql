-- grain: contact, as far as created by as_of; person_id is the contact that stands for the person
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

grouped as (

    select * from {{ ref('int_contacts__grouped') }}

),

certain as (

    select * from {{ ref('int_contacts__certain') }}

),

merges as (

    select * from {{ ref('int_contact_links__certain') }}
    where link_rule = 'merged_at_source'

),

followed as (

    select
        merges.contact_id,
        merges.other_contact_id
    from merges
    inner join certain
        on merges.contact_id = certain.contact_id
    inner join certain as others
        on merges.other_contact_id = others.contact_id
    where not certain.is_cut_off and not others.is_cut_off

),

merged_into as (

    select other_contact_id as contact_id
    from followed
    group by other_contact_id

),

-- the end of a chain of merges stands for the person, else the oldest contact; in a circle of merges all were merged
ranked as (

    select
        grouped.contact_id,
        grouped.group_id,
        followed.contact_id is not null as is_merged_away,
        row_number() over (
            partition by grouped.group_id
            order by
                case
                    when followed.contact_id is not null then 3
                    when merged_into.contact_id is not null then 1
                    else 2
                end asc nulls last,
                contacts.created_at asc nulls last,
                contacts.contact_id asc nulls last
        ) as contact_rank
    from grouped
    inner join contacts
        on grouped.contact_id = contacts.contact_id
    left join followed
        on grouped.contact_id = followed.contact_id
    left join merged_into
        on grouped.contact_id = merged_into.contact_id

),

survivors as (

    select
        group_id,
        contact_id as person_id
    from ranked
    where contact_rank = 1

)

select
    contacts.contact_id,
    coalesce(survivors.person_id, contacts.contact_id) as person_id,
    contacts.email_key,
    contacts.created_at,
    contacts.created_on,
    contacts.closed_on,
    coalesce(ranked.is_merged_away, false) as is_merged_away
from contacts
left join ranked
    on contacts.contact_id = ranked.contact_id
left join survivors
    on ranked.group_id = survivors.group_id
