{# Every entity that lands, each a `base_*` model. #}
{% macro landed_entities() -%}
    {{ return([
        'orders', 'order_lines', 'refunds', 'products', 'product_costs', 'contacts', 'consents', 'contact_events',
        'campaigns', 'marketing_spend', 'subscriptions', 'exchange_rates', 'identity_decisions',
    ]) }}
{%- endmacro %}
