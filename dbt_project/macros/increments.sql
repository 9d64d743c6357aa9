{#
A night that goes on from the warehouse before (attached as `basis`) rebuilds the rows that something new touches, and keeps the others.

Which rows these are is said by the `touched_*` models, a key a row. A model that is built so is `incremental` with the strategy `touched`, names the
key (`unique_key`) and the model that lists the touched ones (meta `touched_by`), and reads of its inputs, in such a night, the rows of these keys only.
What it selects for a key must follow from the input rows of that key alone, and the list must hold every key for which one of them is another.
#}

{# Whether the night goes on from the warehouse before; else every model is built in full. #}
{% macro is_increment() -%}
    {{ return(execute and adapter.get_relation(database='basis', schema='control', identifier='state') is not none) }}
{%- endmacro %}

{# Whether a night may go on: while dbt reads the project, so that it knows what every model may depend on; then only in nights that do. #}
{% macro may_be_increment() -%}
    {{ return(not execute or is_increment()) }}
{%- endmacro %}

{# `where` the key is one that the model `touched_by` lists; nothing where the night builds in full. #}
{% macro where_touched(touched_by, key) -%}
    {%- if may_be_increment() -%}
    where {{ key }} in (select touched.{{ key }} from {{ ref(touched_by) }} as touched)
    {%- endif -%}
{%- endmacro %}

{# The same where there are other conditions. #}
{% macro and_touched(touched_by, key) -%}
    {{ where_touched(touched_by, key) | replace('where', 'and', 1) }}
{%- endmacro %}

{#
Whether the business day of a moment came into sight since the warehouse before: it was later than that one's as_of, and is not later than this one's.
No zone is so far from UTC that such a moment lies before that day in UTC; this is asked first, for it is cheaper than the day.
#}
{% macro is_in_sight_since(moment, basis) -%}
{{ moment }} >= (select as_of from {{ basis }})
    and {{ business_date(moment) }} > (select as_of from {{ basis }})
    and {{ business_date(moment) }} <= {{ as_of() }}
{%- endmacro %}

{# No touched key: what a `touched_*` model says where the night builds in full. #}
{% macro nothing_touched(key) -%}
select cast(null as varchar) as {{ key }}
where false
{%- endmacro %}

{# The rows that only one of two selects has: what is other than it was. #}
{% macro differing(now, before) -%}
(
    {{ now | indent(4) }}
    except
    {{ before | indent(4) }}
)
union
(
    {{ before | indent(4) }}
    except
    {{ now | indent(4) }}
)
{%- endmacro %}

{# The strategy: rows of touched keys, and rows without a key, are replaced by what was selected. #}
{% macro get_incremental_touched_sql(arguments) -%}
    {%- set target, key = arguments['target_relation'], arguments['unique_key'] -%}
    {%- set touched = api.Relation.create(database=target.database, schema='touched', identifier=config.get('meta')['touched_by']) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where {{ key }} is null or {{ key }} in (select touched.{{ key }} from {{ touched }} as touched);

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{%- endmacro %}

{#
For a test of rows that share their `columns`: in a night that goes on, where the key of the model's increment is among these columns, only rows of the
keys that were rebuilt can share them with others; nothing where the night builds in full, or the model is no increment.
#}
{% macro where_rebuilt(model, columns) -%}
    {%- if execute and is_increment() -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.name == model.identifier and node.config.get('unique_key') in columns -%}
            {%- set key = node.config.get('unique_key') -%}
            {%- set touched = api.Relation.create(database=model.database, schema='touched', identifier=node.config.meta['touched_by']) -%}
where {{ key }} in (select touched.{{ key }} from {{ touched }} as touched)
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Where touched people stood on the accepted nights of earlier days: every night has a list of it, an empty one at first; models built for themselves have none. #}
{% macro recorded_places(changes, touched_by) -%}
{%- if not execute or adapter.get_relation(database=target.database, schema='model', identifier='recorded_changes') is not none -%}
select
    person_id,
    as_of,
    life_cycle_stage,
    is_gone
from {{ changes }}
{{ where_touched(touched_by, 'person_id') }}
{%- else -%}
select
    cast(null as varchar) as person_id,
    cast(null as date) as as_of,
    cast(null as varchar) as life_cycle_stage,
    cast(null as boolean) as is_gone
where false
{%- endif -%}
{%- endmacro %}
