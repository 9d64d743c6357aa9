-- grain: claim of a referral, with the first rule that refuses it when no other claim is looked at, if any

with

claims as (

    select * from {{ ref('int_referrals__claimed') }}

),

people as (

    select * from {{ ref('int_people') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

contacts as (

    select * from {{ ref('stg_contacts') }}

),

orders as (

    select * from {{ ref('int_orders__identified') }}

),

claimants as (

    select referred_person_id as person_id from claims
    union
    select referrer_person_id as person_id from claims
    where referrer_person_id is not null

),

-- what gives one person away under two names: the address and the means of payment
fingerprints as (

    select
        merged.person_id,
        concat('address:', trim(contacts.address_fingerprint)) as fingerprint
    from contacts
    inner join merged
        on contacts.contact_id = merged.contact_id
    inner join claimants
        on merged.person_id = claimants.person_id
    where trim(contacts.address_fingerprint) <> ''
    union
    select
        orders.person_id,
        concat('payment:', trim(orders.payment_fingerprint)) as fingerprint
    from orders
    inner join claimants
        on orders.person_id = claimants.person_id
    where trim(orders.payment_fingerprint) <> ''

),

same_hands as (

    select distinct -- two shared fingerprints are one piece of evidence
        claims.referred_contact_id,
        claims.claim_no
    from claims
    inner join fingerprints as referred_prints
        on claims.referred_person_id = referred_prints.person_id
    inner join fingerprints as referrer_prints
        on claims.referrer_person_id = referrer_prints.person_id
        and referred_prints.fingerprint = referrer_prints.fingerprint

),

-- a claim dated at midnight has a day and no time: whoever was seen on that day may have been there before
timed as (

    select
        *,
        {{ is_day_only('claimed_at') }} as is_day_only
    from claims

)

select
    timed.referred_contact_id,
    timed.claim_no,
    timed.referred_person_id,
    timed.claimed_at,
    timed.claimed_on,
    timed.named_by,
    timed.referrer_person_id,
    referred.first_purchase_on,
    case
        when timed.unresolved_reason is not null then timed.unresolved_reason
        when timed.referred_person_id = timed.referrer_person_id then 'self_referral'
        when same_hands.referred_contact_id is not null then 'self_referral'
        when timed.is_day_only and referrers.first_seen_on > timed.claimed_on then 'referrer_younger'
        when not timed.is_day_only and referrers.first_seen_at >= timed.claimed_at then 'referrer_younger'
        when referred.first_order_on < timed.claimed_on then 'order_before_edge'
        when
            referred.first_order_on = timed.claimed_on
            and {{ is_earlier_that_day('referred.first_order_at', 'timed.claimed_at', setting('referrals_order_grace_hours')) }}
            then 'order_before_edge'
    end as reason
from timed
left join people as referred
    on timed.referred_person_id = referred.person_id
left join people as referrers
    on timed.referrer_person_id = referrers.person_id
left join same_hands
    on timed.referred_contact_id = same_hands.referred_contact_id
    and timed.claim_no = same_hands.claim_no
