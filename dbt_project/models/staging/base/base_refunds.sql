{{ stage_base(
    entity='refunds',
    columns=[
        'refund_id',
        'order_id',
        'refunded_at',
        'amount',
        'currency',
        'reason',
        'updated_at',
    ],
    key=['refund_id'],
    happened=['refunded_at'],
    rules=[
        {'column': 'amount', 'reason': 'NEGATIVE_AMOUNT', 'when': 'amount < 0'},
    ],
    rate={'currency': 'currency', 'event_at': 'refunded_at'}
) }}
