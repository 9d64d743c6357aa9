{# What people are matched by. #}

{#
    An e-mail address as it is compared: NFC, without invisible characters and outer spaces, lower case, and without what mail programs and
    spreadsheets write around one; null where it is none.
#}
{% macro email_key(value) -%}
    case
        when {{ is_plain_address(value) }} then lower({{ value }})
        when position('@' in {{ value }}) = 0 and position('＠' in {{ value }}) = 0 then null
        when position('@' in {{ bare_address(value) }}) < 2 then null
        when coalesce({{ setting('identity_ignore_plus_tags') }}, false) then {{ without_plus_tag(bare_address(value)) }}
        else {{ bare_address(value) }}
    end
{%- endmacro %}

{# The address itself, as `email_key` compares it but for plus-tags; a text that is no address comes out as a text. #}
{% macro bare_address(value) -%}
    {{ unwrapped_address("replace(lower(" ~ clean_text(value) ~ "), '＠', '@')") }}
{%- endmacro %}

{# What stands for an identifier where it may not be read: a keyed hash (HMAC with SHA-256), which nobody without the home's key can find by trying. #}
{% macro keyed_hash(value) -%}
    substr({{ sha256_hex("concat(" ~ hash_key('outer_key') ~ ", " ~ sha256_hex("concat(" ~ hash_key('inner_key') ~ ", " ~ value ~ ")") ~ ")") }}, 1, 32)
{%- endmacro %}

{% macro hash_key(name) -%}
    (select keys.{{ name }} from {{ source('control', 'keys') }} as keys)
{%- endmacro %}

{# A full name as it is compared: the words in one order, without case and accents; null where nothing is written. #}
{% macro name_key(first_name, last_name) -%}
    coalesce(
        nullif({{ sorted_words("concat_ws(' ', " ~ first_name ~ ', ' ~ last_name ~ ')') }}, ''),
        nullif(lower({{ clean_text("concat_ws(' ', " ~ first_name ~ ', ' ~ last_name ~ ')') }}), '')
    )
{%- endmacro %}

{# Where a node is after some rounds: once no link leaves it, it stays where it is. #}
{% macro place_after(rounds) -%}
    coalesce({% for each in range(rounds, 0, -1) %}pointers_{{ each }}.pointed_to, {% endfor %}nodes.node)
{%- endmacro %}

{#
The connected groups of a graph, as common table expressions: `<name>` holds one row per node of `links` with the `group_id` it is in.

Each round every node is pointed to the lowest of itself and its neighbours, pointers are doubled twice, and the links are contracted to the
nodes pointed to; what is left shrinks about threefold a round and most rounds find nothing to do. The order of the nodes is that of a hash:
in an order of age or of ids a long chain would shrink by a few nodes a round only.

Parameters
----------
name : of the resulting expression, and the first part of the names of the others.
links : an expression with `contact_id` and `other_contact_id`, each link once, in any direction.
rounds : of contraction; ten are enough for a chain of ten thousand. A singular test says when they were not.
#}
{% macro connected_groups(name, links, rounds=10) -%}
{{ name }}_nodes as {{ materialized() }} (

    select
        contact_id,
        row_number() over (order by {{ hash_of('contact_id') }} asc nulls last, contact_id asc nulls last) as node
    from (
        select contact_id from {{ links }}
        union
        select other_contact_id as contact_id from {{ links }}
    ) as ends

),

{{ name }}_begun as {{ materialized() }} (

    select
        nodes.node,
        links.other_contact_id
    from {{ links }} as links
    inner join {{ name }}_nodes as nodes
        on links.contact_id = nodes.contact_id

),

{{ name }}_numbered as {{ materialized() }} (

    select
        begun.node,
        nodes.node as neighbour
    from {{ name }}_begun as begun
    inner join {{ name }}_nodes as nodes
        on begun.other_contact_id = nodes.contact_id
    where begun.node <> nodes.node

),

{{ name }}_links_0 as {{ materialized() }} (

    select
        node,
        neighbour
    from {{ name }}_numbered
    union
    select
        neighbour as node,
        node as neighbour
    from {{ name }}_numbered

),
{% for step in range(1, rounds + 1) %}
{{ name }}_lowest_{{ step }} as {{ materialized() }} (

    select
        node,
        least(node, min(neighbour)) as pointed_to
    from {{ name }}_links_{{ step - 1 }}
    group by node

),

{{ name }}_doubled_{{ step }} as {{ materialized() }} (

    select
        here.node,
        there.pointed_to
    from {{ name }}_lowest_{{ step }} as here
    inner join {{ name }}_lowest_{{ step }} as there
        on here.pointed_to = there.node

),

{{ name }}_pointers_{{ step }} as {{ materialized() }} (

    select
        here.node,
        there.pointed_to
    from {{ name }}_doubled_{{ step }} as here
    inner join {{ name }}_doubled_{{ step }} as there
        on here.pointed_to = there.node

),

{#- one end at a time: with both in one expression an engine may pair all pointers with each other first #}
{{ name }}_moved_{{ step }} as {{ materialized() }} (

    select
        pointers.pointed_to as node,
        links.neighbour
    from {{ name }}_links_{{ step - 1 }} as links
    inner join {{ name }}_pointers_{{ step }} as pointers
        on links.node = pointers.node

),

{{ name }}_links_{{ step }} as {{ materialized() }} (

    select distinct -- links between the same two nodes are one
        moved.node,
        pointers.pointed_to as neighbour
    from {{ name }}_moved_{{ step }} as moved
    inner join {{ name }}_pointers_{{ step }} as pointers
        on moved.neighbour = pointers.node
    where moved.node <> pointers.pointed_to

),
{% endfor %}
{{ name }}_places as (

    select
        nodes.contact_id,
        {{ place_after(rounds) }} as place
    from {{ name }}_nodes as nodes
    {%- for step in range(1, rounds + 1) %}
    left join {{ name }}_pointers_{{ step }} as pointers_{{ step }}
        on {{ place_after(step - 1) }} = pointers_{{ step }}.node
    {%- endfor %}

),

{{ name }} as {{ materialized() }} (

    select
        places.contact_id,
        heads.contact_id as group_id
    from {{ name }}_places as places
    inner join {{ name }}_nodes as heads
        on places.place = heads.node

)
{%- endmacro %}
