-- grain: one row: the share of referred customers who would not have come otherwise, measured where invitations were withheld, else as set
with

invitations as (

    select * from {{ ref('int_invitations') }}
    where is_observed

),

campaigns as (

    select
        campaign_id,
        count(*) filter (where not is_withheld) as invited_count,
        count(*) filter (where not is_withheld and is_converted) as invited_customers_count,
        count(*) filter (where is_withheld) as withheld_count,
        count(*) filter (where is_withheld and is_converted) as withheld_customers_count
    from invitations
    group by campaign_id

),

-- a campaign is compared with its own control group: who is invited differs from one to the next
compared as (

    select
        coalesce(sum(invited_count), 0) as invited_count,
        coalesce(sum(invited_customers_count), 0) as invited_customers_count,
        coalesce(sum(withheld_count), 0) as withheld_count,
        coalesce(sum(withheld_customers_count), 0) as withheld_customers_count,
        sum({{ as_ratio('invited_count') }} * withheld_customers_count / nullif(withheld_count, 0)) as expected_anyway
    from campaigns
    where withheld_count > 0 and invited_count > 0

),

judged as (

    select
        *,
        least(invited_count, withheld_count) >= {{ setting('referrals_minimum_holdout') }} and invited_customers_count > 0 as is_measured
    from compared

)

select
    cast(invited_count as bigint) as invited_count,
    cast(invited_customers_count as bigint) as invited_customers_count,
    cast(withheld_count as bigint) as withheld_count,
    cast(withheld_customers_count as bigint) as withheld_customers_count,
    case when is_measured then 'holdout' else 'settings' end as type_one_basis,
    cast(
        case
            when is_measured then greatest(0, 1 - expected_anyway / nullif(invited_customers_count, 0))
            else {{ setting('referrals_type_one_probability') }}
        end
        as decimal(9, 6)
    ) as type_one_probability
from judged
