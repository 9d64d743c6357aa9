-- grain: person who had not ordered before being invited by a customer, with the first invitation, sent or withheld
with

events as (

    select * from {{ ref('int_contact_events__identified') }}
    where kind = 'referral_invited' and is_suspect is not true

),

people as (

    select * from {{ ref('int_people') }}

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

ranked as (

    select
        person_id,
        occurred_at as invited_at,
        occurred_on as invited_on,
        campaign_id,
        {{ is_withheld_invitation('variant') }} as is_withheld,
        row_number() over (partition by person_id order by occurred_at asc nulls last, event_id asc nulls last) as invitation_rank
    from events

)

select
    ranked.person_id,
    ranked.invited_on,
    coalesce(ranked.campaign_id, 'none') as campaign_id,
    ranked.is_withheld,
    edges.referred_person_id is not null as is_referred,
    coalesce(
        people.first_purchase_on < {{ add_days('ranked.invited_on', setting('referrals_window_days')) }},
        false
    ) as is_converted,
    {{ add_days('ranked.invited_on', setting('referrals_window_days')) }} <= {{ as_of() }} as is_observed
from ranked
inner join people
    on ranked.person_id = people.person_id
left join edges
    on ranked.person_id = edges.referred_person_id
where ranked.invitation_rank = 1
    and (people.first_order_on is null or people.first_order_on >= ranked.invited_on)
    and not (
        people.first_order_on is not distinct from ranked.invited_on
        and {{ is_earlier_that_day('people.first_order_at', 'ranked.invited_at', 0) }}
    )
