{# Every entity that lands, each a `base_*` model. #}
{% macro landed_entities() -%}
    {{ return([
        'orders', 'order_lines', 'refunds', 'products', 'product_costs', 'contacts', 'consents', 'contact_events',
        'campaigns', 'marketing_spend', 'subscriptions', 'exchange_rates', 'identity_decisions',
    ]) }}
{%- endmacro %}

{# Whether more rows of an entity landed than fit into the memory that a night has by default (3 GB): beyond that, what is kept goes to disk, which costs more than to read it again. #}
{% macro is_too_much_to_keep(entity) -%}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {#- asked of the tables themselves: a unit test knows no source but those it is given -#}
    {%- set batches = adapter.get_relation(database=target.database, schema='control', identifier='batches') -%}
    {%- set sources = adapter.get_relation(database=target.database, schema='control', identifier='sources') -%}
    {%- if batches is none or sources is none -%}{{ return(false) }}{%- endif -%}
    {%- set counted = run_query(
        "select coalesce(sum(batches.rows), 0) from " ~ batches ~ " as batches where batches.source in ("
        ~ "select sources.source from " ~ sources ~ " as sources where sources.entity = '" ~ entity ~ "')"
    ) -%}
    {{ return(counted.columns[0].values()[0] > var('rows_kept_in_memory')) }}
{%- endmacro %}
