{# Every value of `column_name` (in rows where `where` holds) is there in `field` of `to`. A null refers to nothing and is kept. #}
{% test relationships_where(model, column_name, to, field, where=none) %}

select child.{{ column_name }}
from {{ model }} as child
left join {{ to }} as parent
    on child.{{ column_name }} = parent.{{ field }}
where
    child.{{ column_name }} is not null
    and parent.{{ field }} is null
    {%- if where is not none %}
    and {{ where }}
    {%- endif %}

{% endtest %}
