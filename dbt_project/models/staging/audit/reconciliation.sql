-- grain: entity and source; amounts are in the currency of the source, so they do not add up over sources
with

totals as (

    select * from {{ ref('landed_totals') }}

),

counted as (

    select
        *,
        row_status = 'accepted' and coalesce(day > {{ as_of() }}, false) as is_after_as_of
    from totals

),

landed as (

    select
        entity,
        source,
        sum(rows_count) as landed_rows,
        coalesce(sum(rows_count) filter (where row_status = 'accepted'), 0) as accepted_rows,
        coalesce(sum(rows_count) filter (where row_status = 'superseded'), 0) as superseded_rows,
        coalesce(sum(rows_count) filter (where row_status = 'quarantined'), 0) as quarantined_rows,
        coalesce(sum(rows_count) filter (where superseded_as = 'repeat'), 0) as repeated_rows,
        coalesce(sum(rows_count) filter (where superseded_as = 'conflict'), 0) as conflicting_rows,
        coalesce(sum(rows_count) filter (where superseded_as = 'correction'), 0) as corrected_rows,
        coalesce(sum(rows_count) filter (where is_after_as_of), 0) as after_as_of_rows,
        coalesce(sum(amount), 0) as landed_amount,
        coalesce(sum(amount) filter (where row_status = 'accepted'), 0) as accepted_amount,
        coalesce(sum(amount) filter (where row_status = 'superseded'), 0) as superseded_amount,
        coalesce(sum(amount) filter (where row_status = 'quarantined'), 0) as quarantined_amount,
        coalesce(sum(amount) filter (where is_after_as_of), 0) as after_as_of_amount
    from counted
    group by entity, source

),

measured as (

    select
        entity,
        source,
        sum(source_rows) as source_rows,
        coalesce(sum(source_amount), 0) as source_amount
    from {{ source('control', 'source_totals') }}
    group by entity, source

),

declared as (

    select entity, source from {{ source('control', 'sources') }}
    union
    select entity, source from measured
    union
    select entity, source from landed

),

compared as (

    select
        declared.entity,
        declared.source,
        coalesce(measured.source_rows, 0) as source_rows,
        coalesce(landed.landed_rows, 0) as landed_rows,
        coalesce(landed.accepted_rows, 0) as accepted_rows,
        coalesce(landed.superseded_rows, 0) as superseded_rows,
        coalesce(landed.quarantined_rows, 0) as quarantined_rows,
        coalesce(landed.repeated_rows, 0) as repeated_rows,
        coalesce(landed.conflicting_rows, 0) as conflicting_rows,
        coalesce(landed.corrected_rows, 0) as corrected_rows,
        coalesce(measured.source_amount, 0) as source_amount,
        coalesce(landed.landed_amount, 0) as landed_amount,
        coalesce(landed.accepted_amount, 0) as accepted_amount,
        coalesce(landed.superseded_amount, 0) as superseded_amount,
        coalesce(landed.quarantined_amount, 0) as quarantined_amount,
        coalesce(landed.after_as_of_rows, 0) as after_as_of_rows,
        coalesce(landed.after_as_of_amount, 0) as after_as_of_amount
    from declared
    left join measured
        on declared.entity = measured.entity
        and declared.source = measured.source
    left join landed
        on declared.entity = landed.entity
        and declared.source = landed.source

)

select
    entity,
    source,
    cast(source_rows as bigint) as source_rows,
    cast(landed_rows as bigint) as landed_rows,
    cast(accepted_rows as bigint) as accepted_rows,
    cast(superseded_rows as bigint) as superseded_rows,
    cast(quarantined_rows as bigint) as quarantined_rows,
    cast(repeated_rows as bigint) as repeated_rows,
    cast(conflicting_rows as bigint) as conflicting_rows,
    cast(corrected_rows as bigint) as corrected_rows,
    cast(source_amount as decimal(38, 2)) as source_amount,
    cast(landed_amount as decimal(38, 2)) as landed_amount,
    cast(accepted_amount as decimal(38, 2)) as accepted_amount,
    cast(superseded_amount as decimal(38, 2)) as superseded_amount,
    cast(quarantined_amount as decimal(38, 2)) as quarantined_amount,
    cast(after_as_of_rows as bigint) as after_as_of_rows,
    cast(after_as_of_amount as decimal(38, 2)) as after_as_of_amount,
    source_rows = landed_rows
    and landed_rows = accepted_rows + superseded_rows + quarantined_rows
    and source_amount = landed_amount
    and landed_amount = accepted_amount + superseded_amount + quarantined_amount as is_reconciled
from compared
