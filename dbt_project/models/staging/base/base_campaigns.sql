{{ stage_base(
    entity='campaigns',
    columns=[
        'campaign_id',
        'name',
        'technique',
        'reward_cost',
        'stance',
        'purpose',
        'weight',
        'offer_cost',
        'starts_at',
        'ends_at',
        'control_share',
        'updated_at',
    ],
    key=['campaign_id'],
    dated=['starts_at', 'ends_at'],
    rules=[
        {'column': 'reward_cost', 'reason': 'NEGATIVE_AMOUNT', 'when': 'reward_cost < 0'},
        {'column': 'offer_cost', 'reason': 'NEGATIVE_AMOUNT', 'when': 'offer_cost < 0'},
        {'column': 'control_share', 'reason': 'SHARE_OUT_OF_RANGE', 'when': 'control_share < 0 or control_share > 1'},
    ]
) }}
