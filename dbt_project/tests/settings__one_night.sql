-- Assumes that control.night has exactly one row: every setting is read from it as a scalar. With none, every setting would be null and the
-- marts empty; with two, the engine would take either.
{{ config(tags=['staging']) }}

select nights.rows_count
from (
    select count(*) as rows_count from {{ source('control', 'night') }}
) as nights
where nights.rows_count <> 1
