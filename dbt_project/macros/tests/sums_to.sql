{# By `key`, the sum of `column_name` equals that of `field` in `to`, exactly; a key on one side only is a difference too. #}
{% test sums_to(model, column_name, to, field, key) %}

with

here as (

    select
        {{ key | join(',\n        ') }},
        sum({{ column_name }}) as total
    from {{ model }}
    group by {{ key | join(', ') }}

),

there as (

    select
        {{ key | join(',\n        ') }},
        sum({{ field }}) as total
    from {{ to }}
    group by {{ key | join(', ') }}

)

select
    {%- for column in key %}
    coalesce(here.{{ column }}, there.{{ column }}) as {{ column }},
    {%- endfor %}
    here.total as total_here,
    there.total as total_there
from here
full outer join there
    on {% for column in key %}here.{{ column }} = there.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
where here.total is distinct from there.total

{% endtest %}
