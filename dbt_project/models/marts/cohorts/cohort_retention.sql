-- grain: cohort month, acquisition channel ('all' too) and age; nothing adds up over 'all', and rates never do
with

cells as (

    select * from {{ ref('int_cohort_cells') }}

),

{{ retention_by('acquisition_channel', total='all') }}
