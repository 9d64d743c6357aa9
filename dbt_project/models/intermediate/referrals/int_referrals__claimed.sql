-- grain: contact that names who referred it, with the person that name leads to
with

contacts as (

    select * from {{ ref('stg_contacts') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

people as (

    select * from {{ ref('int_people') }}

),

-- a code is known as the source prints it, and in the name space of its system
codes as (

    select
        lower(trim(contacts.referral_code)) as code_key,
        merged.person_id
    from contacts
    inner join merged
        on contacts.contact_id = merged.contact_id
    where trim(contacts.referral_code) <> ''
    union
    select
        lower(concat(contacts._system, ':', trim(contacts.referral_code))) as code_key,
        merged.person_id
    from contacts
    inner join merged
        on contacts.contact_id = merged.contact_id
    where trim(contacts.referral_code) <> '' and contacts._system <> ''

),

code_owners as (

    select
        code_key,
        min(person_id) as person_id,
        min(person_id) <> max(person_id) as is_shared
    from codes
    group by code_key

),

addresses as (

    select
        email_key,
        min(person_id) as person_id,
        min(person_id) <> max(person_id) as is_shared
    from merged
    where email_key is not null
    group by email_key

),

claims as (

    select
        contacts.contact_id as referred_contact_id,
        merged.person_id as referred_person_id,
        merged.created_at as claimed_at,
        merged.created_on as claimed_on,
        trim(contacts.referred_by) as referred_by,
        {{ email_key('contacts.referred_by') }} as email_key
    from contacts
    inner join merged
        on contacts.contact_id = merged.contact_id
    where trim(contacts.referred_by) <> ''

),

code_users as (

    select max(code_key) as any_code from codes

),

-- contact first, then address, then code; last, a person seen only in orders or events
resolved as (

    select
        claims.referred_contact_id,
        claims.referred_person_id,
        claims.claimed_at,
        claims.claimed_on,
        case
            when named.person_id is not null then named.person_id
            when addresses.is_shared or code_owners.is_shared then null
            else coalesce(addresses.person_id, code_owners.person_id, strangers.person_id)
        end as referrer_person_id,
        case
            when named.person_id is not null then null
            when addresses.is_shared then 'address_ambiguous'
            when addresses.person_id is not null then null
            when code_owners.is_shared then 'code_ambiguous'
            when code_owners.person_id is not null or strangers.person_id is not null then null
            when claims.email_key is null and code_users.any_code is not null then 'code_unknown'
            else 'referrer_unknown'
        end as unresolved_reason
    from claims
    cross join code_users
    left join merged as named
        on claims.referred_by = named.contact_id
    left join addresses
        on claims.email_key = addresses.email_key
    left join code_owners
        on lower(claims.referred_by) = code_owners.code_key
    left join people as strangers
        on strangers.person_id = case
            when claims.email_key is not null then concat('email:', {{ keyed_hash('claims.email_key') }})
            else claims.referred_by
        end

)

select
    referred_contact_id,
    referred_person_id,
    claimed_at,
    claimed_on,
    referrer_person_id,
    unresolved_reason
from resolved
