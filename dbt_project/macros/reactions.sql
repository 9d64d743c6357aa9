{# Whether any source tells that messages were delivered. #}
{% macro is_delivery_told(contact_events) -%}
    ((select count(*) from {{ contact_events }} where kind = 'delivered' and is_suspect is not true) > 0)
{%- endmacro %}
