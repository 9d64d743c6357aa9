{# Lists, series and common table expressions: what engines spell differently. #}

{# One row per whole number from 0 to `last` (an expression of the row). #}
{% macro series_to(last) -%}
    {{ return(adapter.dispatch('series_to', 'goodwill')(last)) }}
{%- endmacro %}

{% macro duckdb__series_to(last) -%}
    unnest(range(0, cast({{ last }} as bigint) + 1))
{%- endmacro %}

{# `with x as {{ materialized() }} (…)`: computed once, however often it is read; an unrolled iteration would else double at each step. #}
{% macro materialized() -%}
    {{ return(adapter.dispatch('materialized', 'goodwill')()) }}
{%- endmacro %}

{% macro duckdb__materialized() -%}
    materialized
{%- endmacro %}

{# Text of any value. #}
{% macro to_text(value) -%}
    {{ return(adapter.dispatch('to_text', 'goodwill')(value)) }}
{%- endmacro %}

{% macro duckdb__to_text(value) -%}
    cast({{ value }} as varchar)
{%- endmacro %}

{# A stable hash of a text, as text: what an address is replaced by where an id is needed. #}
{% macro hash_of(value) -%}
    md5({{ value }})
{%- endmacro %}
