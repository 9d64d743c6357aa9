{{ stage_base(
    entity='refunds',
    columns=[
        'refund_id',
        'order_id',
        'contact_ref',
        'refunded_at',
        'amount',
        'currency',
        'reason',
        'updated_at',
    ],
    key=['refund_id'],
    happened=['refunded_at'],
    rules=[
        {'column': 'amount', 'reason': 'AMOUNT_NOT_POSITIVE', 'when': 'amount <= 0'},
        {'column': 'amount', 'reason': 'OUT_OF_RANGE', 'when': 'abs(amount) >= 1000000000000'},
        {
            'column': 'order_id',
            'reason': 'MISSING_REQUIRED',
            'when': 'order_id is null and contact_ref is null and not ' ~ has_problems('_problems'),
        },
        {'column': 'refunded_at', 'reason': 'BEFORE_ORDER', 'when': business_date('refunded_at') ~ ' < ' ~ business_date('_ordered_at')},
        {
            'column': 'order_id',
            'reason': 'UNKNOWN_ORDER',
            'when': 'order_id is not null and _ordered_at is null and '
                ~ days_between(business_date('refunded_at'), as_of()) ~ ' > ' ~ setting('quality_refund_patience_days'),
        },
    ],
    lookups=[
        {
            'name': 'known_orders',
            'query': paid_orders(ref('base_orders'), source('landed', 'refunds')),
            'columns': ['_ordered_at', '_paid_amount', '_order_currency'],
            'on': 'landed.order_id = known_orders._known_order_id',
        },
    ],
    running={
        'group': 'order_id',
        'order': ['refunded_at', 'refund_id'],
        'column': 'amount',
        'reason': 'EXCEEDS_ORDER',
        'amount': 'case when coalesce(upper(trim(currency)), _order_currency) = _order_currency then amount end',
        'limit': '_paid_amount + 0.005',
    },
    rate={'currency': 'currency', 'event_at': 'refunded_at'}
) }}
