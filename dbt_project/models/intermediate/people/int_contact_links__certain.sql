-- grain: link between two contacts that a source or a steward made; of a merge, other_contact_id is the contact merged into
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__latest') }}

),

-- a merge into a contact nobody landed is not followed: the contact stays the person it is
merges as (

    select
        contacts.contact_id,
        survivors.contact_id as other_contact_id,
        greatest(contacts.merged_on, contacts.created_on, survivors.created_on) as linked_on
    from contacts
    inner join contacts as survivors
        on contacts.merged_into = survivors.contact_id
    where contacts.merged_into <> contacts.contact_id

)

select
    merges.contact_id,
    merges.other_contact_id,
    'merged_at_source' as link_rule,
    merges.linked_on
from merges
left join decisions
    on decisions.contact_id = least(merges.contact_id, merges.other_contact_id)
    and decisions.other_contact_id = greatest(merges.contact_id, merges.other_contact_id)
    and decisions.decision = 'different'
where decisions.contact_id is null
union all
select
    contact_id,
    other_contact_id,
    'decided_same' as link_rule,
    known_on as linked_on
from decisions
where decision = 'same'
