-- grain: entity, source and business day, of what is dated and comes to a fact table; a row whose day cannot be read has none
{%- set amounts = {'orders': 'net_amount', 'refunds': 'amount', 'contact_events': 'cost'} %}
{%- set event_days = {
    'orders': business_date('ordered_at'), 'refunds': business_date('refunded_at'), 'contact_events': business_date('occurred_at'),
} %}

with

counted as (
{% for entity, amount in amounts.items() %}
    select
        '{{ entity }}' as entity,
        _source as source,
        {{ event_days[entity] }} as day,
        row_status,
        count(*) as rows_count,
        cast(coalesce(sum({{ amount }}), 0) as decimal(38, 2)) as amount
    from {{ ref('base_' ~ entity) }}
    group by 1, 2, 3, 4
{{ '    union all' if not loop.last }}
{%- endfor %}

)

select
    entity,
    source,
    day,
    sum(rows_count) as landed_rows,
    coalesce(sum(rows_count) filter (where row_status = 'accepted'), 0) as accepted_rows,
    coalesce(sum(rows_count) filter (where row_status = 'superseded'), 0) as superseded_rows,
    coalesce(sum(rows_count) filter (where row_status = 'quarantined'), 0) as quarantined_rows,
    sum(amount) as landed_amount,
    coalesce(sum(amount) filter (where row_status = 'accepted'), 0) as accepted_amount,
    coalesce(sum(amount) filter (where row_status = 'superseded'), 0) as superseded_amount,
    coalesce(sum(amount) filter (where row_status = 'quarantined'), 0) as quarantined_amount
from counted
group by entity, source, day
