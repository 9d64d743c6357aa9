{# No two rows share the same values in `columns`. Nulls count as a value. Of an increment, the rows rebuilt tonight are looked at. #}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }}
from {{ model }}
{{ where_rebuilt(model, columns) }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
