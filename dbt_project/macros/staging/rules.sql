{# The rules that every entity has: no empty key, no implausible date. #}
{% macro row_rules(needed_key, version, happened, dated) -%}
    {%- set rules = [] -%}
    {%- for column in needed_key -%}
        {%- do rules.append({
            'column': column, 'reason': 'MISSING_KEY', 'when': column ~ ' is null and not ' ~ has_problems('_problems'),
        }) -%}
    {%- endfor -%}
    {%- for column in happened + dated -%}
        {%- do rules.append({
            'column': column, 'reason': 'IMPLAUSIBLE_DATE',
            'when': column ~ " < date '1990-01-01' or " ~ column ~ " >= date '2101-01-01'",
        }) -%}
    {%- endfor -%}
    {#- a version that bears a date far ahead would win for ever; one that bears none, or an old one, does no harm -#}
    {%- if version -%}
        {%- do rules.append({'column': version, 'reason': 'IMPLAUSIBLE_DATE', 'when': version ~ " >= date '2101-01-01'"}) -%}
    {%- endif -%}
    {%- for column in happened + ([version] if version else []) -%}
        {%- do rules.append({
            'column': column, 'reason': 'FUTURE_DATE',
            'when': column ~ ' > ' ~ add_days_to_timestamp('_extracted_at', 1) ~ ' and ' ~ column ~ " < date '2101-01-01'",
        }) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{#
A rule for each amount: what comes to a million millions is a bar code or an id in its place, and a few of them would not fit the sums. `below`
is the bound of a number that is no amount.
#}
{% macro in_range(columns, below='1000000000000') -%}
    {%- set rules = [] -%}
    {%- for column in columns -%}
        {%- do rules.append({'column': column, 'reason': 'OUT_OF_RANGE', 'when': 'abs(' ~ column ~ ') >= ' ~ below}) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{# A rule for each amount that may be zero, but never below. #}
{% macro not_negative(columns) -%}
    {%- set rules = [] -%}
    {%- for column in columns -%}
        {%- do rules.append({'column': column, 'reason': 'NEGATIVE_AMOUNT', 'when': column ~ ' < 0'}) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}
