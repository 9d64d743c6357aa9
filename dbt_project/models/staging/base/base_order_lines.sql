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
        {'column': 'quantity', 'reason': 'NEGATIVE_QUANTITY', 'when': 'quantity < 0'},
        {'column': 'unit_price', 'reason': 'NEGATIVE_AMOUNT', 'when': 'unit_price < 0'},
        {'column': 'net_amount', 'reason': 'NEGATIVE_AMOUNT', 'when': 'net_amount < 0'},
        {'column': 'unit_cost', 'reason': 'NEGATIVE_AMOUNT', 'when': 'unit_cost < 0'},
    ]
) }}
