-- grain: claim of a referral (the contact that names its referrer), with the first rule that refuses it, if any
{%- set steps = 14 %}

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
        claims.referred_contact_id
    from claims
    inner join fingerprints as referred_prints
        on claims.referred_person_id = referred_prints.person_id
    inner join fingerprints as referrer_prints
        on claims.referrer_person_id = referrer_prints.person_id
        and referred_prints.fingerprint = referrer_prints.fingerprint

),

screened as (

    select
        claims.referred_contact_id,
        claims.referred_person_id,
        claims.referrer_person_id,
        claims.claimed_at,
        claims.claimed_on,
        referred.first_purchase_on,
        case
            when claims.unresolved_reason is not null then claims.unresolved_reason
            when claims.referred_person_id = claims.referrer_person_id then 'self_referral'
            when same_hands.referred_contact_id is not null then 'self_referral'
            when referrers.first_seen_at >= claims.claimed_at then 'referrer_younger'
            when referred.first_order_on < claims.claimed_on then 'order_before_edge'
        end as reason
    from claims
    left join people as referred
        on claims.referred_person_id = referred.person_id
    left join people as referrers
        on claims.referrer_person_id = referrers.person_id
    left join same_hands
        on claims.referred_contact_id = same_hands.referred_contact_id

),

-- one referrer per customer: the first sound claim; edge_age orders all of them from old to young
ranked as (

    select
        referred_contact_id,
        referred_person_id,
        referrer_person_id,
        row_number() over (
            partition by referred_person_id
            order by claimed_at asc nulls last, referred_contact_id asc nulls last
        ) as claim_rank,
        row_number() over (order by claimed_at asc nulls last, referred_contact_id asc nulls last) as edge_age
    from screened
    where reason is null

),

-- pointer doubling: hops_n holds who still has 2^n referrers above; only a circle has so many, so the tables shrink to it
hops_0 as {{ materialized() }} (

    select
        referred_person_id as person_id,
        referrer_person_id as upper_id,
        edge_age as youngest_age
    from ranked
    where claim_rank = 1

),
{% for step in range(1, steps + 1) %}
hops_{{ step }} as {{ materialized() }} (

    select
        here.person_id,
        there.upper_id,
        greatest(here.youngest_age, there.youngest_age) as youngest_age
    from hops_{{ step - 1 }} as here
    inner join hops_{{ step - 1 }} as there
        on here.upper_id = there.person_id

),
{% endfor %}
-- whoever is reached after so many steps is on a circle, and has passed its every edge: the youngest of them is refused
circles as (

    select distinct -- every member of a circle names the same youngest edge
        members.youngest_age
    from hops_{{ steps }} as members
    inner join hops_{{ steps }} as arrivals
        on members.person_id = arrivals.upper_id

),

opened as (

    select ranked.referred_contact_id
    from ranked
    inner join circles
        on ranked.edge_age = circles.youngest_age
    where ranked.claim_rank = 1

),

judged as (

    select
        screened.referred_contact_id,
        screened.referred_person_id,
        screened.referrer_person_id,
        screened.claimed_at,
        screened.claimed_on,
        screened.first_purchase_on,
        case
            when screened.reason is not null then screened.reason
            when ranked.claim_rank > 1 then 'second_referrer'
            when opened.referred_contact_id is not null then 'cycle'
        end as reason
    from screened
    left join ranked
        on screened.referred_contact_id = ranked.referred_contact_id
    left join opened
        on screened.referred_contact_id = opened.referred_contact_id

)

select
    referred_contact_id,
    referred_person_id,
    referrer_person_id,
    claimed_at,
    claimed_on,
    case
        when reason is null then 'valid'
        when reason = 'referrer_unknown' then 'pending'
        else 'refused'
    end as edge_status,
    reason is null as is_valid,
    reason as refusal_reason,
    first_purchase_on,
    reason is null
    and coalesce(
        first_purchase_on >= claimed_on
        and first_purchase_on < {{ add_days('claimed_on', setting('referrals_window_days')) }},
        false
    ) as is_converted
from judged
