-- grain: subscription and month in which it ran; movements and MRR at month end add up over subscriptions, not over months
with

subscriptions as (

    select * from {{ ref('int_subscriptions__switched') }}

),

-- the latest end of the person's earlier subscriptions; one that still runs ends after every day
placed as (

    select
        *,
        max(coalesce(ended_on, cast('9999-12-31' as date))) over (
            partition by person_id
            order by started_on asc nulls last, subscription_id asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as earlier_end_on
    from subscriptions

),

begun as (

    select
        *,
        case
            when switched_from_subscription_id is not null and mrr_amount > switched_from_mrr_amount then 'upgrade'
            when switched_from_subscription_id is not null and mrr_amount < switched_from_mrr_amount then 'downgrade'
            when switched_from_subscription_id is not null then 'renewal'
            when earlier_end_on <= started_on then 'reactivation'
            else 'new'
        end as begun_as
    from placed

),

months as (

    select
        begun.*,
        {{ add_months(
            month_of('started_on'),
            series_to(
                "(extract(year from coalesce(ended_on, " ~ as_of() ~ ")) - extract(year from started_on)) * 12"
                ~ " + extract(month from coalesce(ended_on, " ~ as_of() ~ ")) - extract(month from started_on)"
            )
        ) }} as month
    from begun

),

moved as (

    select
        *,
        month = {{ month_of('started_on') }} as is_first,
        coalesce(month = {{ month_of('ended_on') }}, false) as is_last
    from months

)

select
    subscription_id,
    month,
    person_id,
    plan,
    case when is_first then begun_as end as begun_as,
    case
        when is_last and switched_to_subscription_id is not null then 'switched'
        when is_last then 'churned'
    end as ended_as,
    case when is_last then end_reason end as end_reason,
    mrr_amount is not null as is_period_known,
    cast(case when is_first then mrr_amount * 0 else mrr_amount end as decimal(18, 2)) as mrr_start_amount,
    cast(mrr_amount * case when is_first and begun_as = 'new' then 1 else 0 end as decimal(18, 2)) as new_amount,
    cast(mrr_amount * case when is_first and begun_as = 'reactivation' then 1 else 0 end as decimal(18, 2)) as reactivation_amount,
    cast(
        case when is_first and begun_as = 'upgrade' then mrr_amount - switched_from_mrr_amount else mrr_amount * 0 end as decimal(18, 2)
    ) as upgrade_amount,
    cast(
        case when is_first and begun_as = 'downgrade' then mrr_amount - switched_from_mrr_amount else mrr_amount * 0 end as decimal(18, 2)
    ) as downgrade_amount,
    cast(-mrr_amount * case when is_last and switched_to_subscription_id is null then 1 else 0 end as decimal(18, 2)) as churned_amount,
    cast(
        case when is_first then coalesce(switched_from_mrr_amount, 0) else 0 end
        - mrr_amount * case when is_last and switched_to_subscription_id is not null then 1 else 0 end as decimal(18, 2)
    ) as transferred_amount,
    cast(case when is_last then mrr_amount * 0 else mrr_amount end as decimal(18, 2)) as mrr_end_amount
from moved
