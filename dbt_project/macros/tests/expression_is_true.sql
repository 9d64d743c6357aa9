{# The expression is true for every row (of those where `where` holds). Unknown counts as broken. #}
{% test expression_is_true(model, expression, where=none) %}

select *
from {{ model }}
where
    ({{ expression }}) is distinct from true
    {%- if where is not none %}
    and {{ where }}
    {%- endif %}

{% endtest %}
