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

{# A stable hash of a text, as text, for an order that has nothing to do with the text. It hides nothing: see `keyed_hash`. #}
{% macro hash_of(value) -%}
    md5({{ value }})
{%- endmacro %}

{# A number for the values of a row, whose sum over rows tells sets of rows apart whatever their order. #}
{% macro row_fingerprint(values) -%}
    {{ return(adapter.dispatch('row_fingerprint', 'goodwill')(values)) }}
{%- endmacro %}

{% macro duckdb__row_fingerprint(values) -%}
    cast(hash({{ values | join(', ') }}) as hugeint)
{%- endmacro %}

{# SHA-256 of a text in UTF-8, as 64 small hexadecimal digits. #}
{% macro sha256_hex(value) -%}
    {{ return(adapter.dispatch('sha256_hex', 'goodwill')(value)) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(value) -%}
    sha256({{ value }})
{%- endmacro %}

{# `with x as {{ inlined() }} (…)`: read anew wherever it is named, each time only the columns that are wanted; for what is cheaper to read than to keep. #}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'goodwill')()) }}
{%- endmacro %}

{% macro duckdb__inlined() -%}
    not materialized
{%- endmacro %}

{# A stable hash of the columns of a relation, as text; a null is not an empty text. #}
{% macro content_hash(columns, relation) -%}
    {{ return(adapter.dispatch('content_hash', 'goodwill')(columns, relation)) }}
{%- endmacro %}

{% macro duckdb__content_hash(columns, relation) -%}
    md5(cast(to_json([
        {%- for column in columns %}
        cast({{ relation }}.{{ column }} as varchar){{ ',' if not loop.last }}
        {%- endfor %}
    ]) as varchar))
{%- endmacro %}

{# The first value given, as a window function. #}
{% macro first_given(value) -%}
    {{ return(adapter.dispatch('first_given', 'goodwill')(value)) }}
{%- endmacro %}

{% macro duckdb__first_given(value) -%}
    first_value({{ value }} ignore nulls)
{%- endmacro %}

{# The texts of a group for which a condition holds, in alphabetical order, between commas; null where it holds for none. #}
{% macro joined_texts(text, condition) -%}
    {{ return(adapter.dispatch('joined_texts', 'goodwill')(text, condition)) }}
{%- endmacro %}

{% macro duckdb__joined_texts(text, condition) -%}
    array_to_string(list_sort(list({{ text }}) filter (where {{ condition }})), ', ')
{%- endmacro %}

{# Of the dates of a group, the first, and each that lies so many days or more after the last one taken: a list. #}
{% macro dates_apart(dates, days) -%}
    {{ return(adapter.dispatch('dates_apart', 'goodwill')(dates, days)) }}
{%- endmacro %}

{% macro duckdb__dates_apart(dates, days) -%}
    list_reduce(
        list_transform(list_sort(list_distinct(list({{ dates }}))), lambda each: [each]),
        lambda taken, each: case when each[1] - taken[-1] >= {{ days }} then list_concat(taken, each) else taken end
    )
{%- endmacro %}

{# Whether a value is in a list. #}
{% macro is_among(value, list) -%}
    {{ return(adapter.dispatch('is_among', 'goodwill')(value, list)) }}
{%- endmacro %}

{% macro duckdb__is_among(value, list) -%}
    list_contains({{ list }}, {{ value }})
{%- endmacro %}

{# Of a group the value of the row that is first by some columns, none of which may be null; rows without a value do not count. #}
{% macro earliest(value, columns) -%}
    {{ return(adapter.dispatch('earliest', 'goodwill')(value, columns)) }}
{%- endmacro %}

{% macro duckdb__earliest(value, columns) -%}
    min_by({{ value }}, row({{ columns | join(', ') }}))
{%- endmacro %}

{# The same of the row that is last. #}
{% macro latest(value, columns) -%}
    {{ return(adapter.dispatch('latest', 'goodwill')(value, columns)) }}
{%- endmacro %}

{% macro duckdb__latest(value, columns) -%}
    max_by({{ value }}, row({{ columns | join(', ') }}))
{%- endmacro %}
