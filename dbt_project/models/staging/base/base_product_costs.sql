{{ stage_base(
    entity='product_costs',
    columns=[
        'product_id',
        'valid_from',
        'unit_cost',
        'updated_at',
    ],
    key=['product_id', 'valid_from'],
    dated=['valid_from'],
    rules=[
        {'column': 'unit_cost', 'reason': 'NEGATIVE_AMOUNT', 'when': 'unit_cost < 0'},
    ]
) }}
