-- Assumes that everybody who is placed tonight, guest orders apart, has exactly one open span, and nobody else has. If a change were lost from the
-- ledger or kept twice, a past month would count people twice, or not at all.
with

open_spans as (

    select
        person_id,
        count(*) as spans,
        max(life_cycle_stage) as life_cycle_stage,
        max(coalesce(value_class, 'none')) as value_class
    from {{ ref('customer_history') }}
    where is_current
    group by person_id

),

placed as (

    select
        segments.person_id,
        segments.life_cycle_stage,
        coalesce(segments.value_class, 'none') as value_class
    from {{ ref('segments') }} as segments
    inner join {{ ref('int_people') }} as people
        on segments.person_id = people.person_id
    where not people.is_guest

)

select
    coalesce(open_spans.person_id, placed.person_id) as person_id,
    open_spans.spans
from open_spans
full outer join placed
    on open_spans.person_id = placed.person_id
where
    open_spans.spans is distinct from 1
    or open_spans.life_cycle_stage is distinct from placed.life_cycle_stage
    or open_spans.value_class is distinct from placed.value_class
