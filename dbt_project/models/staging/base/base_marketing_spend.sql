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
    rules=not_negative(['amount']) + in_range(['amount']),
    rate={'currency': 'currency', 'event_on': 'day'}
) }}
