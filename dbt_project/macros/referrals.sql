{# How far a chain of referrals is followed: 2^20 people. Two data tests say when that is not enough. #}
{% macro hop_levels() -%}
    {{ return(20) }}
{%- endmacro %}

{# Whether the variant of an invitation says that it was due and, by design, not sent. #}
{% macro is_withheld_invitation(variant) -%}
    coalesce(lower(trim({{ variant }})) in ('control', 'holdout'), false)
{%- endmacro %}
