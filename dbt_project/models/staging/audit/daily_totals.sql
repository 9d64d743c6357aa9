-- grain: entity, source and business day, of what is dated and comes to a fact table; a row whose day cannot be read has none
with

counted as (

    select * from {{ ref('landed_totals') }}
    where entity in ('orders', 'refunds', 'contact_events')

)

select
    entity,
    source,
    day,
    sum(rows_count) as landed_rows,
    coalesce(sum(rows_count) filter (where row_status = 'accepted'), 0) as accepted_rows,
    coalesce(sum(rows_count) filter (where row_status = 'superseded'), 0) as superseded_rows,
    coalesce(sum(rows_count) filter (where row_status = 'quarantined'), 0) as quarantined_rows,
    sum(amount) as landed_amount,
    coalesce(sum(amount) filter (where row_status = 'accepted'), 0) as accepted_amount,
    coalesce(sum(amount) filter (where row_status = 'superseded'), 0) as superseded_amount,
    coalesce(sum(amount) filter (where row_status = 'quarantined'), 0) as quarantined_amount
from counted
group by entity, source, day
