-- grain: purchase waited for, segment and window; rates do not add up, counts do over the segments of one kind and never over windows
{%- set windows = [30, 90, 180, 365] %}
with

waits as (

    select * from {{ ref('int_purchase_waits') }}

),

-- who has been seen for the whole window, and who of these bought in it: whoever bought soon but was seen for less counts nowhere
counted as (

    select
        purchase_number,
        cohort_month,
        acquisition_channel,
        count(*) as customers_count,
        {%- for window in windows %}
        count(*) filter (where seen_days >= {{ window }}) as eligible_{{ window }},
        count(*) filter (where seen_days >= {{ window }} and has_bought and days < {{ window }}) as bought_{{ window }}{{ ',' if not loop.last }}
        {%- endfor %}
    from waits
    group by purchase_number, cohort_month, acquisition_channel

),

by_window as (
{% for window in windows %}
    select
        purchase_number,
        cohort_month,
        acquisition_channel,
        {{ window }} as window_days,
        customers_count,
        eligible_{{ window }} as customers_eligible,
        bought_{{ window }} as bought_count
    from counted
    {{- '\n    union all' if not loop.last }}
{%- endfor %}

),

segmented as (

    select
        'all' as segment_kind,
        'all' as segment,
        by_window.*
    from by_window
    union all
    select
        'cohort_month' as segment_kind,
        {{ to_text('cohort_month') }} as segment,
        by_window.*
    from by_window
    union all
    select
        'acquisition_channel' as segment_kind,
        acquisition_channel as segment,
        by_window.*
    from by_window

),

summed as (

    select
        purchase_number,
        segment_kind,
        segment,
        window_days,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(customers_eligible) as bigint) as customers_eligible,
        cast(sum(bought_count) as bigint) as bought_count
    from segmented
    group by purchase_number, segment_kind, segment, window_days

)

select
    purchase_number,
    segment_kind,
    segment,
    cast(window_days as bigint) as window_days,
    customers_count,
    customers_eligible,
    bought_count,
    {{ share('bought_count', 'customers_eligible') }} as repurchase_rate,
    {{ wilson_low('bought_count', 'customers_eligible') }} as repurchase_low_rate,
    {{ wilson_high('bought_count', 'customers_eligible') }} as repurchase_high_rate
from summed
