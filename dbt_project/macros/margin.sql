{# The cost of goods that the assumed margin rate implies for a revenue; null where the company states no rate. #}
{% macro assumed_cost(revenue) -%}
    cast(round({{ wide(revenue) }} * (1 - cast({{ setting('margin_assumed_rate') }} as decimal(9, 6))), 2) as decimal(18, 2))
{%- endmacro %}

{# A count or an amount as a floating number: only where it becomes a ratio or a statistic. #}
{% macro as_ratio(value) -%}
    cast({{ value }} as double)
{%- endmacro %}
