-- grain: referrer; downstream sums overlap between referrers, and the referral value repeats margin that is also in the
-- referred customers' own CLV: neither may be added to a total of customer equity
with

trees as (

    select * from {{ ref('int_referrals__summed') }}

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

clv as (

    select * from {{ ref('clv_customers') }}

),

unit_costs as (

    select * from {{ ref('int_referral_unit_costs') }}

),

holdout as (

    select * from {{ ref('int_referral_holdout') }}

),

expected as (

    select
        edges.referrer_person_id as person_id,
        sum(clv.clv_12) as direct_clv_amount,
        count(*) - count(clv.clv_12) as unknown_count,
        sum(unit_costs.saved_acquisition_amount) as saved_acquisition_amount,
        coalesce(sum(unit_costs.programme_cost_amount), 0) as programme_cost_amount
    from edges
    left join clv
        on edges.referred_person_id = clv.person_id
    left join unit_costs
        on {{ month_of('edges.first_purchase_on') }} = unit_costs.month
    where edges.is_converted
    group by edges.referrer_person_id

),

valued as (

    select
        trees.person_id,
        trees.direct_people_count,
        trees.direct_customers_count,
        trees.direct_revenue_amount,
        trees.direct_margin_amount,
        case
            when coalesce(expected.unknown_count, 0) = 0 then coalesce(expected.direct_clv_amount, 0)
        end as direct_clv_amount,
        trees.downstream_customers_count,
        trees.downstream_revenue_amount,
        trees.downstream_margin_amount,
        trees.direct_customers_count * cast({{ setting('referrals_reward_amount') }} as decimal(18, 2)) as rewards_amount,
        coalesce(expected.programme_cost_amount, 0) as programme_cost_amount,
        expected.saved_acquisition_amount,
        holdout.type_one_probability,
        holdout.type_one_basis,
        coalesce(clv.clv_12, 0) as own_clv_amount
    from trees
    cross join holdout
    left join expected
        on trees.person_id = expected.person_id
    left join clv
        on trees.person_id = clv.person_id
    where trees.direct_people_count > 0

),

-- what the customers who would not have come otherwise earn, less what they cost, and for all of them what a paid customer would have cost;
-- margin so far counts as it was, expected value is discounted to as_of
credited as (

    select
        *,
        cast(
            round(
                type_one_probability * (direct_margin_amount + direct_clv_amount - rewards_amount - programme_cost_amount)
                + coalesce(saved_acquisition_amount, 0),
                2
            ) as decimal(18, 2)
        ) as crv_amount
    from valued

),

limits as (

    select
        median(own_clv_amount) as median_clv_amount,
        median(crv_amount) as median_crv_amount
    from credited

)

select
    credited.person_id,
    credited.direct_people_count,
    credited.direct_customers_count,
    cast(credited.direct_revenue_amount as decimal(18, 2)) as direct_revenue_amount,
    cast(credited.direct_margin_amount as decimal(18, 2)) as direct_margin_amount,
    cast(credited.direct_clv_amount as decimal(18, 2)) as direct_clv_amount,
    cast(credited.rewards_amount as decimal(18, 2)) as rewards_amount,
    cast(credited.programme_cost_amount as decimal(18, 2)) as programme_cost_amount,
    cast(credited.saved_acquisition_amount as decimal(18, 2)) as saved_acquisition_amount,
    credited.type_one_probability,
    credited.type_one_basis,
    credited.downstream_customers_count,
    cast(credited.downstream_revenue_amount as decimal(18, 2)) as downstream_revenue_amount,
    cast(credited.downstream_margin_amount as decimal(18, 2)) as downstream_margin_amount,
    cast(credited.own_clv_amount as decimal(18, 2)) as own_clv_amount,
    credited.crv_amount,
    case
        when credited.crv_amount is null then null
        when credited.own_clv_amount > limits.median_clv_amount and credited.crv_amount > limits.median_crv_amount
            then 'champion'
        when credited.own_clv_amount > limits.median_clv_amount then 'affluent'
        when credited.crv_amount > limits.median_crv_amount then 'advocate'
        else 'miser'
    end as quadrant
from credited
cross join limits
