-- grain: customer (a person with at least one purchase day by as_of), guests included
with

people as (

    select * from {{ ref('int_people') }}

),

purchases as (

    select * from {{ ref('int_purchases__summarised') }}

),

gaps as (

    select * from {{ ref('int_purchase_gaps') }}

),

money as (

    select * from {{ ref('int_orders__summarised') }}

),

first_purchases as (

    select * from {{ ref('int_first_purchases') }}

),

introductions as (

    select * from {{ ref('int_referrals__accepted') }}

),

joined as (

    select
        people.*,
        purchases.last_purchase_on,
        purchases.purchase_days,
        purchases.first_amount,
        purchases.paid_amount - purchases.first_amount as repeat_amount,
        money.orders_count,
        money.ordered_amount,
        money.revenue_amount,
        money.refunded_amount,
        money.promoted_amount,
        money.margin_amount,
        money.margin_rate,
        money.margin_is_assumed,
        money.trailing_12m_revenue_amount,
        money.trailing_12m_margin_amount,
        gaps.mean_gap_days,
        gaps.p90_gap_days,
        first_purchases.first_channel,
        first_purchases.first_category,
        introductions.edge_on
    from people
    inner join purchases
        on people.person_id = purchases.person_id
    inner join money
        on people.person_id = money.person_id
    left join gaps
        on people.person_id = gaps.person_id
    left join first_purchases
        on people.person_id = first_purchases.person_id
    left join introductions
        on people.person_id = introductions.referred_person_id

)

select
    person_id,
    is_guest,
    is_left_censored,
    first_purchase_on,
    last_purchase_on,
    purchase_days,
    purchase_days - 1 as x,
    cast({{ days_between('first_purchase_on', 'last_purchase_on') }} as bigint) as t_x_days,
    cast({{ days_between('first_purchase_on', as_of()) }} as bigint) as age_days,
    cast(first_amount as decimal(18, 2)) as first_amount,
    cast(repeat_amount as decimal(18, 2)) as repeat_amount,
    {{ as_ratio('repeat_amount') }} / nullif(purchase_days - 1, 0) as mean_repeat_amount,
    orders_count,
    ordered_amount,
    revenue_amount,
    refunded_amount,
    promoted_amount,
    margin_amount,
    margin_rate,
    margin_is_assumed,
    trailing_12m_revenue_amount,
    trailing_12m_margin_amount,
    cost_to_serve_amount,
    trailing_12m_cost_to_serve_amount,
    mean_gap_days,
    p90_gap_days,
    coalesce(acquisition_channel, first_channel) as acquisition_channel,
    first_category,
    case
        when is_guest or is_left_censored then null
        when edge_on <= first_purchase_on or first_invited_on < first_purchase_on then 'network'
        -- on the day itself the hour decides, unless an earlier order that came to nothing hides when the purchase was
        when
            first_invited_on = first_purchase_on
            and not (first_order_on = first_purchase_on and {{ is_earlier_that_day('first_order_at', 'first_invited_at', 0) }})
            then 'network'
        else 'new'
    end as distance_at_acquisition,
    complaint_open_since,
    last_quote_on,
    last_cart_on,
    last_fair_on,
    last_visit_on,
    latest_nps_score,
    latest_csat_score,
    has_active_subscription,
    last_subscription_ended_on
from joined
