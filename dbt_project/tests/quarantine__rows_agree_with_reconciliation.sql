-- Assumes that every quarantined row is explained. If a row were set apart without a problem in the list, it would be counted as rejected
-- and nobody could ever say why, nor re-admit it.
with

explained as (

    select
        entity,
        source,
        count(*) as rows_count
    from (
        select distinct -- a row with two problems is one row
            entity,
            source,
            batch_id,
            file,
            row_no
        from {{ ref('quarantine') }}
    ) as quarantined
    group by entity, source

)

select
    reconciliation.entity,
    reconciliation.source,
    reconciliation.quarantined_rows,
    explained.rows_count
from {{ ref('reconciliation') }} as reconciliation
left join explained
    on reconciliation.entity = explained.entity
    and reconciliation.source = explained.source
where reconciliation.quarantined_rows <> coalesce(explained.rows_count, 0)
