-- grain: person: customers, prospects and each guest order; amounts add up over people, rates and scores do not
-- who ordered nothing has earned nothing, which is known; what a contract alone brought in is not
{%- set margin %}case when money.person_id is not null then money.margin_amount when people.has_active_subscription is null then 0 end{% endset %}
{%- set rewards %}coalesce(trees.direct_customers_count, 0) * cast({{ setting('referrals_reward_amount') }} as decimal(18, 2)){% endset %}

with

people as (

    select * from {{ ref('int_people') }}

),

facts as (

    select * from {{ ref('int_customer_facts') }}

),

money as (

    select * from {{ ref('int_orders__summarised') }}

),

referrers as (

    select * from {{ ref('int_referrals__accepted') }}

),

trees as (

    select * from {{ ref('int_referrals__summed') }}

),

consents as (

    select * from {{ ref('int_consents__summarised') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__summarised') }}

),

scores as (

    select * from {{ ref('clv_customers') }}

),

segments as (

    select * from {{ ref('segments') }}

)

select
    people.person_id,
    people.contact_id,
    people.is_customer,
    people.is_guest,
    people.is_contact,
    people.is_left_censored,
    people.created_on,
    people.first_seen_on,
    people.deleted_on,
    people.company,
    people.postcode,
    people.city,
    people.country,
    people.birth_year,
    people.owner,
    coalesce(facts.acquisition_channel, people.acquisition_channel) as acquisition_channel,
    people.campaign_id as acquisition_campaign_id,
    referrers.referrer_person_id,
    facts.distance_at_acquisition,
    segments.distance,
    case segments.distance
        when 'existing' then coalesce(
            facts.first_purchase_on,
            case when people.has_active_subscription then {{ business_date('subscriptions.first_subscribed_at') }} end,
            greatest(people.last_quote_on, people.last_cart_on, people.last_fair_on)
        )
        when 'network' then coalesce(referrers.edge_on, people.first_invited_on)
        when 'new' then people.first_seen_on
    end as distance_on,
    segments.distance_reason,
    segments.life_cycle_stage,
    segments.life_cycle_reason,
    segments.value_class,
    segments.value_class_reason,
    segments.recency_score,
    segments.frequency_score,
    segments.monetary_score,
    segments.rfm_group,
    segments.churn_onset_on,
    segments.churn_onset_reason,
    segments.early_warning,
    segments.early_warning_reason,
    facts.first_purchase_on,
    facts.last_purchase_on,
    facts.first_category,
    coalesce(facts.purchase_days, 0) as purchase_days_count,
    coalesce(money.orders_count, 0) as orders_count,
    coalesce(money.revenue_amount, 0) as revenue_amount,
    coalesce(money.refunded_amount, 0) as refunded_amount,
    cast({{ margin }} as decimal(18, 2)) as margin_amount,
    money.margin_is_assumed,
    cast(people.cost_to_serve_amount as decimal(18, 2)) as cost_to_serve_amount,
    cast({{ margin }} - people.cost_to_serve_amount as decimal(18, 2)) as margin_after_service_amount,
    cast({{ rewards }} as decimal(18, 2)) as referral_rewards_amount,
    cast({{ margin }} - people.cost_to_serve_amount - {{ rewards }} as decimal(18, 2)) as customer_margin_amount,
    money.trailing_12m_revenue_amount,
    money.trailing_12m_margin_amount,
    money.promoted_amount / nullif({{ as_ratio('money.ordered_amount') }}, 0) as promotion_rate,
    1 - money.promoted_amount / nullif({{ as_ratio('money.ordered_amount') }}, 0) as full_price_rate,
    money.refunded_amount / nullif({{ as_ratio('money.ordered_amount') }}, 0) as return_rate,
    facts.mean_gap_days,
    facts.p90_gap_days,
    people.latest_nps_score,
    people.latest_csat_score,
    people.complaint_open_since,
    people.last_quote_on,
    people.last_cart_on,
    people.has_active_subscription,
    consents.consents_granted,
    consents.consents_withdrawn,
    {{ business_date('consents.consent_changed_at') }} as consent_changed_on,
    scores.p_alive,
    scores.clv_12,
    scores.clv_24,
    scores.clv_36,
    scores.expected_next_purchase_on
from people
left join facts
    on people.person_id = facts.person_id
left join money
    on people.person_id = money.person_id
left join referrers
    on people.person_id = referrers.referred_person_id
left join trees
    on people.person_id = trees.person_id
left join consents
    on people.person_id = consents.person_id
left join subscriptions
    on people.person_id = subscriptions.person_id
left join scores
    on people.person_id = scores.person_id
left join segments
    on people.person_id = segments.person_id
