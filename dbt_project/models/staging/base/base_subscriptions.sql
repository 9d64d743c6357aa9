{{ stage_base(
    entity='subscriptions',
    columns=[
        'subscription_id',
        'contact_ref',
        'plan',
        'period',
        'amount',
        'currency',
        'started_at',
        'ended_at',
        'end_reason',
        'updated_at',
    ],
    key=['subscription_id'],
    happened=['started_at'],
    dated=['ended_at'],
    rules=not_negative(['amount']) + in_range(['amount']),
    rate={'currency': 'currency', 'event_at': 'started_at'}
) }}
