-- grain: month; each group of columns counts what began in the month: invitations, claims, new customers, cohorts. Rates never add up
with

events as (

    select * from {{ ref('int_contact_events__identified') }}
    where kind in ('referral_invited', 'referral_shared') and is_suspect is not true

),

invitations as (

    select * from {{ ref('int_invitations') }}
    where not is_withheld

),

claims as (

    select * from {{ ref('int_referrals__judged') }}

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

cohorts as (

    select * from {{ ref('int_referral_cohorts') }}

),

spend as (

    select * from {{ ref('int_marketing_spend__purposed') }}
    where purpose = 'referral'

),

talked as (

    select
        {{ month_of('occurred_on') }} as month,
        count(*) filter (where kind = 'referral_invited' and not {{ is_withheld_invitation('variant') }}) as invitations_count,
        count(*) filter (where kind = 'referral_shared') as shares_count
    from events
    group by {{ month_of('occurred_on') }}

),

invited as (

    select
        {{ month_of('invited_on') }} as month,
        count(*) as invited_people_count,
        count(*) filter (where is_referred) as invited_referred_count,
        count(*) filter (where is_converted) as invited_customers_count,
        bool_and(is_observed) as is_observed
    from invitations
    group by {{ month_of('invited_on') }}

),

claimed as (

    select
        {{ month_of('claimed_on') }} as month,
        count(*) as claims_count,
        count(*) filter (where edge_status = 'valid') as valid_count,
        count(*) filter (where edge_status = 'refused') as refused_count,
        count(*) filter (where edge_status = 'pending') as pending_count,
        count(*) filter (where is_converted) as converted_count,
        bool_and({{ add_days('claimed_on', setting('referrals_window_days')) }} <= {{ as_of() }}) filter (where is_valid) as is_observed
    from claims
    group by {{ month_of('claimed_on') }}

),

won as (

    select
        {{ month_of('first_purchase_on') }} as month,
        count(*) as referred_customers_count
    from edges
    where is_converted
    group by {{ month_of('first_purchase_on') }}

),

spent as (

    select
        spend_month as month,
        sum(amount) as programme_spend_amount
    from spend
    group by spend_month

),

-- without an invitation, a share or a claim there is no programme to measure
first_sign as (

    select min(month) as sign_month
    from (
        select month from talked
        union all
        select month from claimed
    ) as signs

),

beginning as (

    select
        least(first_sign.sign_month, (select min(month) from cohorts)) as first_month,
        {{ as_of() }} as as_of
    from first_sign
    where first_sign.sign_month is not null

),

months as (

    select
        {{ add_months('first_month', 'month_offset') }} as month,
        as_of
    from (
        select
            first_month,
            as_of,
            {{ series_to(months_between('first_month', 'as_of')) }} as month_offset
        from beginning
    ) as offsets

),

factors as (

    select
        month,
        customers_count,
        is_mature,
        brought_count,
        cycle_days,
        case when is_mature then {{ as_ratio('brought_count') }} / nullif(customers_count, 0) end as k_factor
    from cohorts

)

select
    months.month,
    {{ add_days(add_months('months.month', 1), -1) }} <= months.as_of as is_month_complete,
    coalesce(talked.invitations_count, 0) as invitations_count,
    coalesce(talked.shares_count, 0) as shares_count,
    coalesce(invited.invited_people_count, 0) as invited_people_count,
    coalesce(invited.invited_referred_count, 0) as invited_referred_count,
    coalesce(invited.invited_customers_count, 0) as invited_customers_count,
    case
        when invited.is_observed then {{ share('invited.invited_customers_count', 'invited.invited_people_count') }}
    end as invitation_conversion_rate,
    coalesce(claimed.claims_count, 0) as claims_count,
    coalesce(claimed.valid_count, 0) as valid_count,
    coalesce(claimed.refused_count, 0) as refused_count,
    coalesce(claimed.pending_count, 0) as pending_count,
    coalesce(claimed.converted_count, 0) as converted_count,
    case
        when claimed.is_observed then {{ share('claimed.converted_count', 'claimed.valid_count') }}
    end as referral_conversion_rate,
    coalesce(won.referred_customers_count, 0) as referred_customers_count,
    cast(
        coalesce(won.referred_customers_count, 0) * cast({{ setting('referrals_reward_amount') }} as decimal(18, 2))
        as decimal(18, 2)
    ) as rewards_amount,
    cast(coalesce(spent.programme_spend_amount, 0) as decimal(18, 2)) as programme_spend_amount,
    coalesce(factors.customers_count, 0) as cohort_customers_count,
    coalesce(factors.is_mature, false) as is_cohort_mature,
    coalesce(factors.brought_count, 0) as brought_customers_count,
    {{ to_nine_decimals('factors.k_factor') }} as k_factor,
    case when factors.k_factor < 1 then {{ to_nine_decimals('1 / nullif(1 - factors.k_factor, 0)') }} end as customers_per_seed,
    case when factors.is_mature then cast(factors.cycle_days as double) end as cycle_days
from months
left join talked
    on months.month = talked.month
left join invited
    on months.month = invited.month
left join claimed
    on months.month = claimed.month
left join won
    on months.month = won.month
left join spent
    on months.month = spent.month
left join factors
    on months.month = factors.month
