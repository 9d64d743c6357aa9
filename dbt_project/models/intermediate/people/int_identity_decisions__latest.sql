-- grain: pair of known contacts that a steward decided on by as_of; contact_id is the lower of the two
{{ config(meta={'cut_by_day': ['stg_identity_decisions.decided_at']}) }}

with

decisions as (

    select
        *,
        {{ business_date('decided_at') }} as decided_on
    from {{ ref('stg_identity_decisions') }}

),

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

ranked as (

    select
        least(contact_id, other_contact_id) as contact_id,
        greatest(contact_id, other_contact_id) as other_contact_id,
        decision,
        decided_at,
        decided_on,
        -- of two decisions of one moment the one that keeps people apart holds
        row_number() over (
            partition by least(contact_id, other_contact_id), greatest(contact_id, other_contact_id)
            order by decided_at desc nulls last, decision asc nulls last
        ) as decision_rank
    from decisions
    where decided_on <= {{ as_of() }}

)

select
    ranked.contact_id,
    ranked.other_contact_id,
    ranked.decision,
    ranked.decided_at,
    ranked.decided_on,
    greatest(ranked.decided_on, contacts.created_on, others.created_on) as known_on
from ranked
inner join contacts
    on ranked.contact_id = contacts.contact_id
inner join contacts as others
    on ranked.other_contact_id = others.contact_id
where ranked.decision_rank = 1
