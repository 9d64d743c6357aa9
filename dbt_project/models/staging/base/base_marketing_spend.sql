{{ stage_base(
    entity='marketing_spend',
    columns=[
        'day',
        'channel',
        'campaign_id',
        'purpose',
        'amount',
        'currency',
    ],
    key=['day', 'channel', 'campaign_id'],
    required_key=['day', 'channel'],
    version=none,
    dated=['day'],
    rules=[
        {'column': 'amount', 'reason': 'NEGATIVE_AMOUNT', 'when': 'amount < 0'},
    ],
    rate={'currency': 'currency', 'event_on': 'day'}
) }}
