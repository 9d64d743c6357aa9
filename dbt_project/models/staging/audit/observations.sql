-- grain: entity, source and code of something that a reader should know of rows that were not set apart; no row where there is nothing to say
{%- set keys = {'orders': 'order_id', 'refunds': 'refund_id', 'contact_events': 'event_id'} %}

with

orders as (

    select
        order_id,
        contact_ref,
        ordered_at,
        status,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_orders') }}
    where row_status = 'accepted'

),

refunds as (

    select
        order_id,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_refunds') }}
    where row_status = 'accepted'

),

contacts as (

    select
        contact_id,
        created_at,
        merged_into,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_contacts') }}
    where row_status = 'accepted'

),

decisions as (

    select
        contact_id,
        other_contact_id,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_identity_decisions') }}
    where row_status = 'accepted'

),

suspect_events as (

    select
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_contact_events') }}
    where row_status = 'accepted' and is_suspect

),

-- the first and the last order of each batch
batch_edges as (

    select
        _source,
        _batch_id,
        min(_row_no) as first_row_no,
        max(_row_no) as last_row_no
    from {{ ref('base_orders') }}
    group by _source, _batch_id

),

edge_orders as (

    select
        orders.order_id,
        orders.row_status,
        orders.superseded_as,
        orders._source,
        orders._batch_id,
        orders._file,
        orders._row_no,
        batches.batch_no,
        orders._row_no = batch_edges.first_row_no as is_first,
        orders._row_no = batch_edges.last_row_no as is_last
    from {{ ref('base_orders') }} as orders
    inner join batch_edges
        on orders._source = batch_edges._source
        and orders._batch_id = batch_edges._batch_id
        and orders._row_no in (batch_edges.first_row_no, batch_edges.last_row_no)
    inner join {{ source('control', 'batches') }} as batches
        on orders._source = batches.source
        and orders._batch_id = batches.batch_id

),

-- a shop knows few statuses, and each is looked up once
unknown_statuses as (

    select status
    from (select distinct status from orders) as statuses
    where
        status is not null
        and not {{ is_listed('status', 'orders_known_statuses') }}
        and not {{ is_listed('status', 'orders_cancelled_statuses') }}

),

{% for entity, key in keys.items() -%}
{{ entity }}_repeats as (

    select
        {{ key }},
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_' ~ entity) }}
    where superseded_as = 'repeat' and {{ is_content_key(key) }}

),

-- the few rows that are repeated are looked for by their repeats, not all rows kept to be found
{{ entity }}_kept as (

    select
        {{ key }},
        _batch_id
    from {{ ref('base_' ~ entity) }}
    where row_status = 'accepted' and {{ key }} in (select {{ key }} from {{ entity }}_repeats)

),

{% endfor -%}
-- one row per row and code
observed as (
{% for entity in landed_entities() %}
    select
        '{{ entity }}' as entity,
        'CONFLICTING_VERSION' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('base_' ~ entity) }}
    where superseded_as = 'conflict'
    union all
{%- endfor %}
{% for entity, key in keys.items() %}
    -- a copy of what several other batches hold is one row all the same
    select distinct
        '{{ entity }}' as entity,
        'REPEATED_CONTENT' as code,
        repeats._source,
        repeats._batch_id,
        repeats._file,
        repeats._row_no
    from {{ entity }}_repeats as repeats
    inner join {{ entity }}_kept as kept
        on repeats.{{ key }} = kept.{{ key }}
        and repeats._batch_id <> kept._batch_id
    union all
{%- endfor %}
    select
        'orders' as entity,
        'BEFORE_CONTACT' as code,
        orders._source,
        orders._batch_id,
        orders._file,
        orders._row_no
    from orders
    inner join contacts
        on orders.contact_ref = contacts.contact_id
        and orders.ordered_at < contacts.created_at
    union all
    select
        'orders' as entity,
        'UNKNOWN_STATUS' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from orders
    where status in (select status from unknown_statuses)
    union all
    select
        'orders' as entity,
        'CUT_ORDER' as code,
        upper_part._source,
        upper_part._batch_id,
        upper_part._file,
        upper_part._row_no
    from edge_orders as upper_part
    inner join edge_orders as lower_part
        on upper_part._source = lower_part._source
        and upper_part.order_id = lower_part.order_id
        and upper_part.batch_no < lower_part.batch_no
    where
        upper_part.is_last
        and lower_part.is_first
        and lower_part.row_status = 'accepted'
        and upper_part.row_status = 'superseded'
        and upper_part.superseded_as in ('version', 'conflict')
    union all
    select
        'refunds' as entity,
        'WAITS_FOR_ORDER' as code,
        refunds._source,
        refunds._batch_id,
        refunds._file,
        refunds._row_no
    from refunds
    left join orders
        on refunds.order_id = orders.order_id
    where orders.order_id is null and refunds.order_id is not null
    union all
    select
        'identity_decisions' as entity,
        'UNKNOWN_CONTACT' as code,
        decisions._source,
        decisions._batch_id,
        decisions._file,
        decisions._row_no
    from decisions
    left join contacts
        on decisions.contact_id = contacts.contact_id
    left join contacts as others
        on decisions.other_contact_id = others.contact_id
    where contacts.contact_id is null or others.contact_id is null
    union all
    select
        'contacts' as entity,
        'UNKNOWN_CONTACT' as code,
        contacts._source,
        contacts._batch_id,
        contacts._file,
        contacts._row_no
    from contacts
    left join contacts as survivors
        on contacts.merged_into = survivors.contact_id
    where contacts.merged_into is not null and survivors.contact_id is null
    union all
    select
        'contact_events' as entity,
        'SUSPECT_EVENT' as code,
        _source,
        _batch_id,
        _file,
        _row_no
    from suspect_events
    union all
    select
        'contact_events' as entity,
        code,
        _source,
        _batch_id,
        _file,
        _row_no
    from {{ ref('observed_messages') }}

)
{%- set place = ['_batch_id', '_row_no', "coalesce(_file, '')"] %}

select
    entity,
    _source as source,
    code,
    count(*) as rows_count,
    min(_batch_id) as example_batch_id,
    nullif({{ earliest("coalesce(_file, '')", place) }}, '') as example_file,
    {{ earliest('_row_no', place) }} as example_row_no
from observed
group by entity, _source, code
