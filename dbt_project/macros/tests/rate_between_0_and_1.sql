{# A rate is a share between 0 and 1, or unknown. NaN is neither. #}
{% test rate_between_0_and_1(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and not coalesce({{ column_name }} >= 0 and {{ column_name }} <= 1, false)

{% endtest %}
