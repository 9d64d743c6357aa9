-- grain: entity, source, business day, and what became of the rows; every count and amount adds up
{%- set amounts = {
    'orders': 'net_amount', 'order_lines': 'net_amount', 'refunds': 'amount', 'contact_events': 'cost', 'marketing_spend': 'amount',
    'subscriptions': 'amount',
} %}
{%- set event_days = {
    'orders': business_date('ordered_at'), 'refunds': business_date('refunded_at'), 'contacts': business_date('created_at'),
    'consents': business_date('changed_at'), 'contact_events': business_date('occurred_at'), 'marketing_spend': 'day',
    'subscriptions': business_date('started_at'), 'exchange_rates': 'day', 'identity_decisions': business_date('decided_at'),
} %}
{%- set increments = {
    'orders': ('touched_orders__landed', 'order_id'), 'order_lines': ('touched_lines__landed', 'order_id'),
    'contact_events': ('touched_events__landed', 'event_id'),
} if may_be_increment() else {} %}

with

-- in a night that goes on, of the tables that are increments: what they added up to, less what the touched rows were, and more what they are
counted as (
{% for entity in landed_entities() %}
    {%- set is_last = loop.last and not increments %}
    {%- for sign in ['', '-'] if not sign or entity in increments %}
    select
        '{{ entity }}' as entity,
        _source as source,
        {{ event_days.get(entity, 'cast(null as date)') }} as day,
        row_status,
        superseded_as,
        {{ sign }}count(*) as rows_count,
        cast(coalesce({{ sign }}sum({{ amounts.get(entity, 'cast(null as decimal(18, 2))') }}), 0) as decimal(38, 2)) as amount
    from {{ source('basis', 'base_' ~ entity) if sign else ref('base_' ~ entity) }}
    {%- if entity in increments %}
    {{ where_touched(*increments[entity]) }} or {{ increments[entity][1] }} is null
    {%- endif %}
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not is_last }}
    {%- endfor %}
{%- endfor %}
    {%- if increments %}
    select
        entity,
        source,
        day,
        row_status,
        superseded_as,
        rows_count,
        amount
    from {{ source('basis', 'landed_totals') }}
    where entity in ('{{ increments | join("', '") }}')
    {%- endif %}

)

select
    entity,
    source,
    day,
    row_status,
    superseded_as,
    cast(sum(rows_count) as bigint) as rows_count,
    cast(sum(amount) as decimal(38, 2)) as amount
from counted
group by entity, source, day, row_status, superseded_as
having sum(rows_count) <> 0
