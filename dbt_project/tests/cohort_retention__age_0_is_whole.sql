-- Assumes that everyone in a cohort bought at age 0, for that is what put them there. A retention below one at age 0 means that purchase
-- days and cohorts are counted on different clocks, and every later cell is wrong too, only less visibly.
select
    cohort_month,
    acquisition_channel,
    retention_rate,
    rolling_retention_rate
from {{ ref('cohort_retention') }}
where
    age = 0
    and is_mature
    and (retention_rate is distinct from 1 or rolling_retention_rate is distinct from 1)
