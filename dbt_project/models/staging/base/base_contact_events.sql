{{ stage_base(
    entity='contact_events',
    columns=[
        'event_id',
        'contact_ref',
        'occurred_at',
        'kind',
        'channel',
        'campaign_id',
        'message_id',
        'variant',
        'score',
        'text_ref',
        'cost',
        'product_id',
        'updated_at',
    ],
    key=['event_id'],
    happened=['occurred_at'],
    rules=[
        {'column': 'kind', 'reason': 'UNKNOWN_KIND', 'when': "lower(trim(kind)) not in (" ~ contact_event_kinds() ~ ")"},
        {'column': 'score', 'reason': 'SCORE_OUT_OF_RANGE', 'when': score_out_of_range()},
        {'column': 'cost', 'reason': 'NEGATIVE_AMOUNT', 'when': 'cost < 0'},
    ]
) }}
