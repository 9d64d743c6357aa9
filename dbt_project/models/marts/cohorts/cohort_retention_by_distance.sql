-- grain: cohort month, distance at acquisition and age; counts and amounts add up over distances, rates never do
with

cells as (

    select * from {{ ref('int_cohort_cells') }}

),

{{ retention_by('distance_at_acquisition') }}
