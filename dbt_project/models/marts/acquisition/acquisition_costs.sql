-- grain: month, scope and acquisition channel ('all' in every scope but `channel`); scopes overlap, ratios never add up
with

totals as (

    select * from {{ ref('int_acquisition_totals') }}

),

returns as (

    select * from {{ ref('int_acquisition_returns') }}

),

retained as (

    select * from {{ ref('int_retained_customers') }}

),

joined as (

    select
        totals.*,
        returns.margin_3,
        returns.margin_6,
        returns.margin_12,
        returns.margin_24,
        returns.payback_months,
        coalesce(returns.payback_months is not null or returns.is_watched_to_the_end, false) as payback_observable,
        sqrt(
            greatest(totals.squares_12 - totals.sum_12 * totals.sum_12 / nullif(totals.customers_count, 0), 0)
            / nullif({{ as_ratio('totals.customers_count') }} * (totals.customers_count - 1), 0)
        ) as standard_error_12,
        coalesce(retained.retained_count, 0) as retained_count,
        {{ add_days(add_months('totals.month', 1), -1) }} <= {{ as_of() }} as is_month_complete
    from totals
    left join returns
        on totals.month = returns.month
        and totals.scope = returns.scope
        and totals.acquisition_channel = returns.acquisition_channel
    left join retained
        on totals.month = retained.month

)

select
    month,
    scope,
    acquisition_channel,
    is_month_complete,
    cast(acquisition_amount as decimal(18, 2)) as acquisition_spend_amount,
    cast(assumed_amount as decimal(18, 2)) as assumed_spend_amount,
    cast(referral_amount as decimal(18, 2)) as referral_spend_amount,
    cast(rewards_amount as decimal(18, 2)) as rewards_amount,
    cast(cost_amount as decimal(18, 2)) as acquisition_cost_amount,
    cast(customers_count as bigint) as new_customers_count,
    cast(referred_count as bigint) as referred_customers_count,
    {{ divided_amount('cost_amount', 'customers_count') }} as cac_amount,
    {{ divided_amount('margin_3', 'customers_count') }} as ltv_3_amount,
    {{ divided_amount('margin_6', 'customers_count') }} as ltv_6_amount,
    {{ divided_amount('margin_12', 'customers_count') }} as ltv_12_amount,
    cast(
        case when margin_12 is not null then round(sum_12 / nullif(customers_count, 0) - {{ z_95() }} * standard_error_12, 2) end
        as decimal(18, 2)
    ) as ltv_12_low_amount,
    cast(
        case when margin_12 is not null then round(sum_12 / nullif(customers_count, 0) + {{ z_95() }} * standard_error_12, 2) end
        as decimal(18, 2)
    ) as ltv_12_high_amount,
    {{ divided_amount('margin_24', 'customers_count') }} as ltv_24_amount,
    cast(payback_months as bigint) as payback_months,
    payback_observable,
    {{ to_nine_decimals(as_ratio('margin_12') ~ ' / nullif(cost_amount, 0)') }} as ltv_12_to_cac_ratio,
    cast(case when scope = 'blended' then retention_amount end as decimal(18, 2)) as retention_spend_amount,
    cast(case when scope = 'blended' then retained_count end as bigint) as retained_customers_count,
    case
        when scope = 'blended'
            then {{ to_nine_decimals(
                as_ratio('cost_amount') ~ ' / nullif(customers_count, 0) * retained_count / nullif(retention_amount, 0)'
            ) }}
    end as apparent_cost_ratio
from joined
