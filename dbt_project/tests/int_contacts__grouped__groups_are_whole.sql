-- Linked contacts are gathered in a fixed number of rounds. Were they too few for a long chain, one person would silently stay two: a link
-- would have its ends in two groups.
with

certain_links as (

    select * from {{ ref('int_contact_links__certain') }}

),

matched_links as (

    select * from {{ ref('int_contact_links__matched') }}

),

certain as (

    select * from {{ ref('int_contacts__certain') }}

),

grouped as (

    select * from {{ ref('int_contacts__grouped') }}

),

merged_and_decided as (

    select
        links.contact_id,
        links.other_contact_id
    from certain_links as links
    inner join certain
        on links.contact_id = certain.contact_id
    inner join certain as others
        on links.other_contact_id = others.contact_id
    where certain.joined_group_id <> others.joined_group_id
        or (certain.group_id <> others.group_id and not certain.is_cut_off and not others.is_cut_off)

),

matched as (

    select
        links.contact_id,
        links.other_contact_id
    from matched_links as links
    left join grouped
        on links.contact_id = grouped.contact_id
    left join grouped as others
        on links.other_contact_id = others.contact_id
    where grouped.joined_group_id is distinct from others.joined_group_id
        or (grouped.built_from = 'all' and grouped.group_id <> others.group_id)
        or (grouped.built_from = 'strong' and links.link_rule = 'same_email_same_name' and grouped.group_id <> others.group_id)

),

-- whatever a guard does, merges and decisions stay together
kept_together as (

    select
        certain.contact_id,
        certain.group_id as other_contact_id
    from certain
    left join grouped
        on certain.contact_id = grouped.contact_id
    left join grouped as others
        on certain.group_id = others.contact_id
    where grouped.group_id is distinct from others.group_id

)

select * from merged_and_decided
union all
select * from matched
union all
select * from kept_together
