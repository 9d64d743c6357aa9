{#
Two steps of a base model (stage_base), behind `doubtful` and `verdicts`: `mended` are the bad rows that their source has mended since.

Parameters
----------
key, needed_key, version, identity : as in stage_base; the columns of `needed_key` are never null in a row that can be mended.
#}
{% macro mended_rows(key, needed_key, version, identity) -%}
-- few rows are bad: what else is told of their keys is looked for by them, not they by all rows
told_again as (

    select
        {%- for column in key + ([version] if version else []) + identity %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from doubtful
    where
        _set_aside_as is null
        and not {{ has_problems('_problems') }}
        and {{ key[0] }} in (
            select bad.{{ key[0] }}
            from doubtful as bad
            where {{ has_problems('bad._problems') }} and bad._set_aside_as is null
        )

),

-- a bad row whose source sent a sound version of its key in a later batch was mended there; one that is dated, in a version not older
mended as (

    select distinct
        {%- for column in identity %}
        bad.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from doubtful as bad
    inner join told_again as sound
        on bad._source = sound._source
        and bad._batch_id <> sound._batch_id
        {%- for column in key %}
        and bad.{{ column }} {{ '=' if column in needed_key else 'is not distinct from' }} sound.{{ column }}
        {%- endfor %}
    inner join {{ source('control', 'batches') }} as bad_batches
        on bad._source = bad_batches.source
        and bad._batch_id = bad_batches.batch_id
    inner join {{ source('control', 'batches') }} as sound_batches
        on sound._source = sound_batches.source
        and sound._batch_id = sound_batches.batch_id
        and bad_batches.batch_no < sound_batches.batch_no
    left join verdicts
        on sound._source = verdicts._source
        and sound._batch_id = verdicts._batch_id
        and sound._row_no = verdicts._row_no
    where
        {{ has_problems('bad._problems') }}
        and bad._set_aside_as is null
        and coalesce(verdicts._version_status <> 'quarantined', true)
        {%- if version %}
        and coalesce(bad.{{ version }} <= sound.{{ version }}, true)
        {%- endif %}

),
{%- endmacro %}
