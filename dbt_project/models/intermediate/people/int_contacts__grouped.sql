-- grain: contact with a link of any kind; group_id is the same for all contacts of a person
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

certain as (

    select * from {{ ref('int_contacts__certain') }}

),

certain_links as (

    select * from {{ ref('int_contact_links__certain') }}

),

matched_links as (

    select * from {{ ref('int_contact_links__matched') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__latest') }}
    where decision = 'different'

),

-- a group that merges and decisions make is one node with spokes: its inner links are not looked at again
all_links as {{ materialized() }} (

    select
        contact_id,
        group_id as other_contact_id,
        true as is_strong
    from certain
    union all
    select
        contact_id,
        other_contact_id,
        link_rule = 'same_email_same_name' as is_strong
    from matched_links

),

{{ connected_groups('joined', 'all_links') }},

-- two names that a probable match joins are spellings of one: the lower stands for both
spellings as (

    select
        contact_id,
        min(spelling) as spelling
    from (
        select
            links.contact_id,
            others.name_key as spelling
        from matched_links as links
        inner join contacts as others
            on links.other_contact_id = others.contact_id
        where links.link_rule = 'probabilistic'
        union all
        select
            links.other_contact_id as contact_id,
            others.name_key as spelling
        from matched_links as links
        inner join contacts as others
            on links.contact_id = others.contact_id
        where links.link_rule = 'probabilistic'
    ) as both_ways
    group by contact_id

),

members as {{ materialized() }} (

    select
        joined.contact_id,
        joined.group_id,
        coalesce(certain.group_id, joined.contact_id) as certain_group_id,
        case when contacts.name_key is not null then least(contacts.name_key, coalesce(spellings.spelling, contacts.name_key)) end as name_key
    from joined
    inner join contacts
        on joined.contact_id = contacts.contact_id
    left join certain
        on joined.contact_id = certain.contact_id
    left join spellings
        on joined.contact_id = spellings.contact_id

),

sizes as (

    select
        group_id,
        count(*) as contacts_count,
        count(distinct name_key) as names_count
    from members
    group by group_id

),

-- the most names that merges and decisions alone join within the group
named_together as (

    select
        group_id,
        max(names_count) as names_count
    from (
        select
            group_id,
            certain_group_id,
            count(distinct name_key) as names_count
        from members
        group by group_id, certain_group_id
    ) as parts
    group by group_id

),

first_torn as {{ materialized() }} (

    select
        decisions.other_contact_id,
        joined.group_id
    from decisions
    inner join joined
        on decisions.contact_id = joined.contact_id

),

torn as (

    select first_torn.group_id
    from first_torn
    inner join joined
        on first_torn.other_contact_id = joined.contact_id
        and first_torn.group_id = joined.group_id
    group by first_torn.group_id

),

judged as {{ materialized() }} (

    select
        sizes.group_id,
        case
            when torn.group_id is not null then 'blocked_by_decision'
            when sizes.contacts_count > {{ setting('identity_largest_person') }} then 'oversized'
            when sizes.names_count > 1 and sizes.names_count > named_together.names_count then 'chain_of_names'
        end as guard
    from sizes
    inner join named_together
        on sizes.group_id = named_together.group_id
    left join torn
        on sizes.group_id = torn.group_id

),

-- a group that a guard refuses is put together again from its strong links alone
strong_links as (

    select
        all_links.contact_id,
        all_links.other_contact_id
    from all_links
    inner join joined
        on all_links.contact_id = joined.contact_id
    inner join judged
        on joined.group_id = judged.group_id
    where judged.guard is not null and all_links.is_strong

),

{{ connected_groups('rejoined', 'strong_links') }},

rejoined_sizes as (

    select
        group_id,
        count(*) as contacts_count
    from rejoined
    group by group_id

),

first_still_torn as {{ materialized() }} (

    select
        decisions.other_contact_id,
        rejoined.group_id
    from decisions
    inner join rejoined
        on decisions.contact_id = rejoined.contact_id

),

still_torn as (

    select first_still_torn.group_id
    from first_still_torn
    inner join rejoined
        on first_still_torn.other_contact_id = rejoined.contact_id
        and first_still_torn.group_id = rejoined.group_id
    group by first_still_torn.group_id

),

placed as (

    select
        members.contact_id,
        members.group_id as joined_group_id,
        members.certain_group_id,
        rejoined.group_id as rejoined_group_id,
        judged.guard,
        case
            when judged.guard is null then 'all'
            when still_torn.group_id is not null then 'certain'
            when rejoined_sizes.contacts_count > {{ setting('identity_largest_person') }} then 'certain'
            else 'strong'
        end as built_from
    from members
    inner join judged
        on members.group_id = judged.group_id
    left join rejoined
        on members.contact_id = rejoined.contact_id
    left join rejoined_sizes
        on rejoined.group_id = rejoined_sizes.group_id
    left join still_torn
        on rejoined.group_id = still_torn.group_id

)

select
    contact_id,
    case built_from
        when 'all' then joined_group_id
        when 'strong' then coalesce(rejoined_group_id, contact_id)
        else certain_group_id
    end as group_id,
    joined_group_id,
    built_from,
    guard
from placed
