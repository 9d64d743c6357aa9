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
    rules=not_negative(['unit_cost']) + in_range(['unit_cost'])
) }}
