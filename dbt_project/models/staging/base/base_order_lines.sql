{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_lines__landed'}) }}

{{ stage_base(
    entity='order_lines',
    columns=[
        'order_id',
        'line_no',
        'product_id',
        'quantity',
        'unit_price',
        'discount_amount',
        'net_amount',
        'unit_cost',
        'updated_at',
    ],
    key=['order_id', 'line_no'],
    rules=[
        {'column': 'quantity', 'reason': 'QUANTITY_NOT_POSITIVE', 'when': 'quantity <= 0'},
    ]
    + not_negative(['unit_price', 'net_amount', 'unit_cost'])
    + in_range(['unit_price', 'discount_amount', 'net_amount', 'unit_cost'])
    + in_range(['quantity'], below='1000000000')
    + [
        {
            'column': 'quantity',
            'reason': 'OUT_OF_RANGE',
            'when': 'abs(cast(quantity as double) * greatest(unit_price, unit_cost)) >= 1000000000000 and greatest(unit_price, unit_cost) < 1000000000000',
        },
    ],
    touched={'by': 'touched_lines__landed', 'key': 'order_id'}
) }}
