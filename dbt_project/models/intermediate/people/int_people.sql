-- grain: person known by as_of: contacts, people seen only in orders or events, and each guest order as a person of its own
with

contacts as (

    select * from {{ ref('stg_contacts') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

order_people as (

    select * from {{ ref('int_people__ordering') }}

),

purchases as (

    select * from {{ ref('int_purchases__summarised') }}

),

signals as (

    select * from {{ ref('int_contact_events__summarised') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__summarised') }}

),

contact_people as (

    select
        person_id,
        min(created_on) as created_on,
        min(created_at) as created_at,
        count(*) as contacts_count,
        -- a person is gone when the last of their contacts is; one that was merged into another says nothing
        case
            when count(*) filter (where closed_on is null and not is_merged_away) = 0 then max(closed_on)
        end as deleted_on
    from merged
    group by person_id

),

survivors as (

    select contacts.*
    from contacts
    inner join contact_people
        on contacts.contact_id = contact_people.person_id

),

everyone as (

    select person_id from contact_people
    union
    select person_id from order_people
    union
    select person_id from signals
    union
    select person_id from subscriptions

),

-- every attribute comes from the surviving contact: two people are never blended
joined as (

    select
        everyone.person_id,
        survivors.contact_id,
        contact_people.person_id is not null as is_contact,
        coalesce(order_people.is_guest, false) as is_guest,
        contact_people.created_on,
        contact_people.created_at,
        coalesce(contact_people.contacts_count, 0) as contacts_count,
        survivors.acquisition_channel,
        survivors.campaign_id,
        survivors.company,
        survivors.postcode,
        survivors.city,
        survivors.country,
        survivors.birth_year,
        survivors.owner,
        contact_people.deleted_on,
        order_people.first_placed_at,
        order_people.first_order_at,
        order_people.first_order_on,
        purchases.first_purchase_on,
        signals.first_event_at,
        signals.first_invited_at,
        signals.first_invited_on,
        signals.contact_events_count,
        signals.cost_to_serve_amount,
        signals.trailing_12m_cost_to_serve_amount,
        signals.last_quote_on,
        signals.last_cart_on,
        signals.last_fair_on,
        signals.last_visit_on,
        signals.complaint_open_since,
        signals.latest_nps_score,
        signals.latest_csat_score,
        subscriptions.has_active_subscription,
        subscriptions.last_subscription_ended_on,
        subscriptions.first_subscribed_at
    from everyone
    left join contact_people
        on everyone.person_id = contact_people.person_id
    left join survivors
        on everyone.person_id = survivors.contact_id
    left join order_people
        on everyone.person_id = order_people.person_id
    left join purchases
        on everyone.person_id = purchases.person_id
    left join signals
        on everyone.person_id = signals.person_id
    left join subscriptions
        on everyone.person_id = subscriptions.person_id

)

select
    person_id,
    contact_id,
    is_contact,
    is_guest,
    first_purchase_on is not null or coalesce(has_active_subscription, false) as is_customer,
    created_on,
    least(created_at, first_placed_at, first_event_at, first_subscribed_at) as first_seen_at,
    {{ business_date('least(created_at, first_placed_at, first_event_at, first_subscribed_at)') }} as first_seen_on,
    first_order_at,
    first_order_on,
    first_purchase_on,
    coalesce(
        first_purchase_on < {{ add_days(setting('calendar_history_complete_from'), setting('calendar_warm_up_days')) }},
        false
    ) as is_left_censored,
    contacts_count,
    acquisition_channel,
    campaign_id,
    company,
    postcode,
    city,
    country,
    birth_year,
    owner,
    deleted_on,
    first_invited_at,
    first_invited_on,
    coalesce(contact_events_count, 0) as contact_events_count,
    coalesce(cost_to_serve_amount, 0) as cost_to_serve_amount,
    coalesce(trailing_12m_cost_to_serve_amount, 0) as trailing_12m_cost_to_serve_amount,
    last_quote_on,
    last_cart_on,
    last_fair_on,
    last_visit_on,
    complaint_open_since,
    latest_nps_score,
    latest_csat_score,
    has_active_subscription,
    last_subscription_ended_on
from joined
