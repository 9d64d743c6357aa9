-- grain: purchase waited for, segment and day on which somebody made it (day 0 too); rates do not add up
with

waits as (

    select * from {{ ref('int_purchase_waits') }}

),

-- how many waits ended, or were cut off, after so many days
ends as (

    select
        purchase_number,
        cohort_month,
        acquisition_channel,
        days,
        count(*) as ended,
        count(*) filter (where has_bought) as bought
    from waits
    group by purchase_number, cohort_month, acquisition_channel, days

),

segmented as (

    select
        purchase_number,
        'all' as segment_kind,
        'all' as segment,
        days,
        ended,
        bought
    from ends
    union all
    select
        purchase_number,
        'cohort_month' as segment_kind,
        {{ to_text('cohort_month') }} as segment,
        days,
        ended,
        bought
    from ends
    union all
    select
        purchase_number,
        'acquisition_channel' as segment_kind,
        acquisition_channel as segment,
        days,
        ended,
        bought
    from ends

),

-- the curve begins at day 0 with everybody
begun as (

    select
        purchase_number,
        segment_kind,
        segment,
        days,
        ended,
        bought
    from segmented
    union all
    select
        purchase_number,
        segment_kind,
        segment,
        0 as days,
        0 as ended,
        0 as bought
    from segmented
    group by purchase_number, segment_kind, segment

),

by_day as (

    select
        purchase_number,
        segment_kind,
        segment,
        days,
        sum(ended) as ended,
        sum(bought) as bought
    from begun
    group by purchase_number, segment_kind, segment, days

),

-- whoever is cut off on a day was still waiting on it
counted as (

    select
        purchase_number,
        segment_kind,
        segment,
        days,
        bought,
        sum(ended) over (
            partition by purchase_number, segment_kind, segment
            order by days asc nulls last
            rows between current row and unbounded following
        ) as at_risk,
        sum(ended) over (partition by purchase_number, segment_kind, segment) as customers_count
    from by_day

),

-- Kaplan and Meier's product as a sum of logarithms; once everybody at risk has bought, nobody is left and the logarithm is not taken
stepped as (

    select
        *,
        at_risk = bought as is_exhausted,
        case when at_risk > bought then ln(1 - {{ as_ratio('bought') }} / nullif(at_risk, 0)) else 0 end as log_step,
        {{ as_ratio('bought') }} / nullif({{ as_ratio('at_risk') }} * (at_risk - bought), 0) as variance_step
    from counted
    where bought > 0 or days = 0

),

summed as (

    select
        *,
        bool_or(is_exhausted and bought > 0) over earlier as is_over,
        sum(log_step) over earlier as log_waiting,
        sum(variance_step) over earlier as greenwood
    from stepped
    window earlier as (
        partition by purchase_number, segment_kind, segment
        order by days asc nulls last
        rows between unbounded preceding and current row
    )

),

rated as (

    select
        *,
        case when is_over then 0 else {{ to_nine_decimals('exp(log_waiting)') }} end as still_waiting_rate,
        {{ z_95() }} * sqrt(greenwood) / nullif(abs(log_waiting), 0) as log_log_width
    from summed

)

-- the interval is taken on log(-log S), where it cannot leave 0 to 1; it says nothing before the first purchase and after the last customer
select
    purchase_number,
    segment_kind,
    segment,
    cast(days as bigint) as days,
    cast(customers_count as bigint) as customers_count,
    cast(at_risk as bigint) as at_risk_count,
    cast(bought as bigint) as bought_count,
    still_waiting_rate,
    {{ to_nine_decimals('1 - still_waiting_rate') }} as repurchase_rate,
    case
        when not is_over then {{ to_nine_decimals('1 - exp(log_waiting * exp(-log_log_width))') }}
    end as repurchase_low_rate,
    case
        when not is_over then {{ to_nine_decimals('1 - exp(log_waiting * exp(log_log_width))') }}
    end as repurchase_high_rate,
    cast(
        min(days) filter (where still_waiting_rate <= 0.5) over (partition by purchase_number, segment_kind, segment) as bigint
    ) as median_days
from rated
