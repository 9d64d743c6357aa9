-- grain: order of which new lines came
{%- set arrived = source('arrived', 'order_lines') %}
{%- if is_increment() %}

select order_id
from {{ arrived }}
where order_id is not null
group by order_id
{%- else %}

{{ nothing_touched('order_id') }}
{%- endif %}
