-- grain: referral code as a claim may spell it, contact that was given it and span of time; the person behind the contact
with

versions as (

    select * from {{ ref('stg_contact_referrals') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

-- a code is held until the contact has another one or none; the first one since the contact was created
spans as (

    select
        versions.contact_id,
        versions.referral_code,
        versions._system,
        merged.person_id,
        merged.closed_on,
        case when versions.version_no = 1 then merged.created_at else versions.stated_at end as held_from,
        lead(versions.stated_at) over (
            partition by versions.contact_id
            order by versions.version_no asc nulls last
        ) as held_until
    from versions
    inner join merged
        on versions.contact_id = merged.contact_id

)

-- a code is known as the source prints it, and in the name space of its system
select
    lower(referral_code) as code_key,
    contact_id,
    person_id,
    held_from,
    held_until,
    closed_on
from spans
where referral_code is not null
union all
select
    lower(concat(_system, ':', referral_code)) as code_key,
    contact_id,
    person_id,
    held_from,
    held_until,
    closed_on
from spans
where referral_code is not null and _system <> ''
