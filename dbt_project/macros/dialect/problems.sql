{# The list of problems a landed row carries: structs of column_name, reason, value. #}

{% macro has_problems(problems) -%}
    {{ return(adapter.dispatch('has_problems', 'goodwill')(problems)) }}
{%- endmacro %}

{% macro duckdb__has_problems(problems) -%}
    coalesce(len({{ problems }}), 0) > 0
{%- endmacro %}

{# `problems` with one more entry per rule (column, reason, when) that the row breaks; rows that break none are not touched. #}
{% macro with_problems(problems, rules) -%}
    {{ return(adapter.dispatch('with_problems', 'goodwill')(problems, rules)) }}
{%- endmacro %}

{% macro duckdb__with_problems(problems, rules) -%}
    case
        when
        {%- for rule in rules %}
            {{ 'or ' if not loop.first }}({{ rule.when }})
        {%- endfor %}
            then list_concat(
                {{ problems }},
                list_filter(
                    [
                        {%- for rule in rules %}
                        case
                            when {{ rule.when }}
                                then struct_pack(
                                    column_name := '{{ rule.column }}',
                                    reason := '{{ rule.reason }}',
                                    value := cast({{ rule.column }} as varchar)
                                )
                        end{{ ',' if not loop.last }}
                        {%- endfor %}
                    ],
                    lambda problem: problem is not null
                )
            )
        else {{ problems }}
    end
{%- endmacro %}

{# One row per problem of the list; its fields are read with `problem_field`. #}
{% macro explode_problems(problems) -%}
    {{ return(adapter.dispatch('explode_problems', 'goodwill')(problems)) }}
{%- endmacro %}

{% macro duckdb__explode_problems(problems) -%}
    unnest({{ problems }})
{%- endmacro %}
