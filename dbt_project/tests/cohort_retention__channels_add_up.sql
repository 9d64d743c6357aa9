-- Assumes that every customer of a cohort has exactly one channel. If one had two, or none, the channels would not add up to `all`, and a
-- marketer would compare rates of overlapping groups.
with

sizes as (

    select
        cohort_month,
        sum(customers_count) filter (where acquisition_channel = 'all') as all_count,
        sum(customers_count) filter (where acquisition_channel <> 'all') as channels_count
    from {{ ref('cohort_retention') }}
    where age = 0
    group by cohort_month

)

select *
from sizes
where all_count is distinct from channels_count
