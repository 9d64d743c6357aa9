-- grain: contact created by as_of, with its person and the rule that puts it there
with

contacts as (

    select * from {{ ref('int_contacts__merged') }}

),

grouped as (

    select * from {{ ref('int_contacts__grouped') }}

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

-- the links that people are built from
kept as (

    select
        certain_links.contact_id,
        certain_links.other_contact_id,
        certain_links.link_rule,
        certain_links.linked_on
    from certain_links
    inner join certain
        on certain_links.contact_id = certain.contact_id
    inner join certain as others
        on certain_links.other_contact_id = others.contact_id
    where not certain.is_cut_off and not others.is_cut_off
    union all
    select
        matched_links.contact_id,
        matched_links.other_contact_id,
        matched_links.link_rule,
        matched_links.linked_on
    from matched_links
    inner join grouped
        on matched_links.contact_id = grouped.contact_id
    where grouped.built_from = 'all'
        or (grouped.built_from = 'strong' and matched_links.link_rule = 'same_email_same_name')

),

both_ways as (

    select
        contact_id,
        other_contact_id,
        link_rule,
        linked_on,
        1 as direction
    from kept
    union all
    select
        other_contact_id as contact_id,
        contact_id as other_contact_id,
        link_rule,
        linked_on,
        2 as direction
    from kept

),

-- of several links the strongest rule is the evidence; a merge speaks for the contact that was merged before it speaks for the one it was merged into
ranked as (

    select
        both_ways.contact_id,
        both_ways.other_contact_id,
        both_ways.link_rule,
        both_ways.linked_on,
        row_number() over (
            partition by both_ways.contact_id
            order by
                case both_ways.link_rule
                    when 'merged_at_source' then 1
                    when 'decided_same' then 2
                    when 'same_email_same_name' then 3
                    when 'same_email_no_name' then 4
                    when 'same_phone_same_name' then 5
                    else 6
                end asc nulls last,
                both_ways.direction asc nulls last,
                both_ways.linked_on asc nulls last,
                both_ways.other_contact_id asc nulls last
        ) as link_rank
    from both_ways

),

evidenced as (

    select
        contacts.contact_id,
        contacts.person_id,
        contacts.person_id = contacts.contact_id as is_survivor,
        case when contacts.person_id <> contacts.contact_id then ranked.link_rule end as link_rule,
        case when contacts.person_id <> contacts.contact_id then ranked.other_contact_id end as linked_to_contact_id,
        case when contacts.person_id <> contacts.contact_id then ranked.linked_on else contacts.created_on end as linked_on,
        contacts.closed_on
    from contacts
    left join ranked
        on contacts.contact_id = ranked.contact_id
        and ranked.link_rank = 1

)

select
    contact_id,
    person_id,
    is_survivor,
    coalesce(link_rule, 'own') as link_rule,
    case link_rule
        when 'merged_at_source' then 'merge'
        when 'decided_same' then 'decision'
        when 'same_email_same_name' then 'email'
        when 'same_email_no_name' then 'email'
        when 'same_phone_same_name' then 'phone'
        when 'probabilistic' then 'probability'
        else 'contact'
    end as evidence_kind,
    linked_to_contact_id,
    linked_on,
    closed_on
from evidenced
