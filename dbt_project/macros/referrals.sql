{# How far a chain of referrals is followed: 2^20 people. Two data tests say when that is not enough. #}
{% macro hop_levels() -%}
    {{ return(20) }}
{%- endmacro %}
