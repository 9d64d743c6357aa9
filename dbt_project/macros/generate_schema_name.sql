{# The custom schema name as it is: `marts` is called marts on every engine and for every user. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
