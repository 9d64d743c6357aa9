{# Within each `key`, the spans [from_column, to_column) do not overlap and none ends before it begins; an open end is null. #}
{% test no_overlapping_spans(model, key, from_column, to_column) %}

with

spans as (

    select
        {{ key | join(',\n        ') }},
        {{ from_column }} as span_from,
        {{ to_column }} as span_to,
        lead({{ from_column }}) over (
            partition by {{ key | join(', ') }}
            order by {{ from_column }} asc nulls last, {{ to_column }} asc nulls last
        ) as next_from
    from {{ model }}

)

select *
from spans
where
    span_from is null
    or span_to <= span_from
    or (next_from is not null and (span_to is null or next_from < span_to))

{% endtest %}
