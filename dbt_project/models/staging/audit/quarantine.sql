-- grain: one row per problem of a quarantined row; a row with two problems is there twice

with
{% for entity in landed_entities() %}
{{ entity }}_problems as (

    select
        '{{ entity }}' as entity,
        base._source,
        base._batch_id,
        base._file,
        base._row_no,
        {{ explode_problems('base._problems') }} as problem
    from {{ ref('base_' ~ entity) }} as base
    where base.row_status = 'quarantined'

),

-- the raw row is read again from the landing, for the few rows that need it
{{ entity }}_rows as (

    select
        landed._source,
        landed._batch_id,
        landed._file,
        landed._row_no,
        min(landed._raw) as raw_row
    from {{ source('landed', entity) }} as landed
    inner join (
        select distinct -- a row with several problems is looked up once
            _source,
            _batch_id,
            _file,
            _row_no
        from {{ ref('base_' ~ entity) }}
        where row_status = 'quarantined'
    ) as wanted
        on landed._source = wanted._source
        and landed._batch_id = wanted._batch_id
        and landed._file = wanted._file
        and landed._row_no = wanted._row_no
    group by landed._source, landed._batch_id, landed._file, landed._row_no

),
{% endfor %}
all_problems as (
{% for entity in landed_entities() %}
    select
        problems.entity,
        problems._source,
        problems._batch_id,
        problems._file,
        problems._row_no,
        problems.problem,
        entity_rows.raw_row
    from {{ entity }}_problems as problems
    left join {{ entity }}_rows as entity_rows
        on problems._source = entity_rows._source
        and problems._batch_id = entity_rows._batch_id
        and problems._file = entity_rows._file
        and problems._row_no = entity_rows._row_no
{{ '    union all' if not loop.last }}
{%- endfor %}

)

select
    entity,
    _source as source,
    _batch_id as batch_id,
    _file as file,
    _row_no as row_no,
    problem.column_name as column_name,
    problem.reason as reason,
    problem.value as value,
    raw_row
from all_problems
