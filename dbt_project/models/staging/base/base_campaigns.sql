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
    rules=not_negative(['reward_cost', 'offer_cost']) + in_range(['reward_cost', 'offer_cost']) + [
        {'column': 'control_share', 'reason': 'SHARE_OUT_OF_RANGE', 'when': 'control_share < 0 or control_share > 1'},
    ]
) }}
