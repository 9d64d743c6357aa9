-- grain: claim of a referral (contact and name it ever gave for its referrer), with the person that name leads to
with

versions as (

    select * from {{ ref('stg_contact_referrals') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

people as (

    select * from {{ ref('int_people') }}

),

codes as (

    select * from {{ ref('int_referral_codes') }}

),

-- a name that comes back is the claim it was at first
names as (

    select
        contact_id,
        referred_by,
        min(version_no) as version_no,
        min(stated_at) as stated_at,
        bool_or(is_named_at_first) as is_named_at_first
    from versions
    where referred_by is not null
    group by contact_id, referred_by

),

numbered as (

    select
        *,
        row_number() over (partition by contact_id order by version_no asc nulls last) as claim_no
    from names

),

-- the name that the oldest version bears counts since the contact was created, whenever we came to see it; a name filled in later, and another
-- one, since it was stated
dated as (

    select
        numbered.contact_id as referred_contact_id,
        numbered.claim_no,
        numbered.referred_by,
        merged.person_id as referred_person_id,
        case
            when numbered.is_named_at_first then merged.created_at
            else greatest(merged.created_at, numbered.stated_at)
        end as claimed_at
    from numbered
    inner join merged
        on numbered.contact_id = merged.contact_id

),

claims as (

    select
        *,
        {{ business_date('claimed_at') }} as claimed_on,
        {{ email_key('referred_by') }} as email_key
    from dated
    where {{ business_date('claimed_at') }} <= {{ as_of() }}

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

holders as (

    select
        claims.referred_contact_id,
        claims.claim_no,
        codes.person_id,
        codes.held_from <= claims.claimed_at
        and coalesce(codes.held_until > claims.claimed_at, true)
        and coalesce(codes.closed_on >= claims.claimed_on, true) as is_held
    from claims
    inner join codes
        on lower(claims.referred_by) = codes.code_key

),

-- a code given to several people over time means whoever held it then; where nobody did, the one person who ever had it
code_owners as (

    select
        referred_contact_id,
        claim_no,
        case
            when bool_or(is_held) then min(person_id) filter (where is_held)
            else min(person_id)
        end as first_person_id,
        case
            when bool_or(is_held) then max(person_id) filter (where is_held)
            else max(person_id)
        end as last_person_id
    from holders
    group by referred_contact_id, claim_no

),

code_users as (

    select max(code_key) as any_code from codes

),

-- contact first, then address, then code; last, a person seen only in orders or events
resolved as (

    select
        claims.referred_contact_id,
        claims.claim_no,
        claims.referred_person_id,
        claims.claimed_at,
        claims.claimed_on,
        case
            when named.person_id is not null then 'contact'
            when addresses.email_key is not null then 'address'
            when code_owners.first_person_id is not null then 'code'
            when strangers.person_id is not null then 'person'
        end as named_by,
        case
            when named.person_id is not null then named.person_id
            when addresses.email_key is not null then case when not addresses.is_shared then addresses.person_id end
            when code_owners.first_person_id is not null
                then case when code_owners.first_person_id = code_owners.last_person_id then code_owners.first_person_id end
            else strangers.person_id
        end as referrer_person_id,
        case
            when named.person_id is not null then null
            when addresses.is_shared then 'address_ambiguous'
            when addresses.person_id is not null then null
            when code_owners.first_person_id <> code_owners.last_person_id then 'code_ambiguous'
            when code_owners.first_person_id is not null or strangers.person_id is not null then null
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
        on claims.referred_contact_id = code_owners.referred_contact_id
        and claims.claim_no = code_owners.claim_no
    left join people as strangers
        on strangers.person_id = case
            when claims.email_key is not null then concat('email:', {{ keyed_hash('claims.email_key') }})
            else claims.referred_by
        end

)

select
    referred_contact_id,
    claim_no,
    referred_person_id,
    claimed_at,
    claimed_on,
    named_by,
    referrer_person_id,
    unresolved_reason
from resolved
