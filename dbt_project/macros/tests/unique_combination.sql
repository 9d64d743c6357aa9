{# No two rows share the same values in `columns`. Nulls count as a value. #}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
