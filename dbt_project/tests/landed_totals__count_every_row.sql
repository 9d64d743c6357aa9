-- Assumes that the sums of what landed are of every row there is. Night after night they go on from those of the night before: if a row were
-- ever left out or counted twice, the reconciliation would be of something else than the tables.

with

totals as (

    select
        entity,
        sum(rows_count) as rows_count
    from {{ ref('landed_totals') }}
    group by entity

),

tables as (
{% for entity in landed_entities() %}
    select
        '{{ entity }}' as entity,
        count(*) as rows_count
    from {{ ref('base_' ~ entity) }}
{{ '    union all' if not loop.last }}
{%- endfor %}

)

select
    tables.entity,
    tables.rows_count,
    totals.rows_count as counted
from tables
left join totals
    on tables.entity = totals.entity
where tables.rows_count <> coalesce(totals.rows_count, 0)
