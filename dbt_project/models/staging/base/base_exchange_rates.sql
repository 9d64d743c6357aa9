{{ stage_base(
    entity='exchange_rates',
    columns=[
        'day',
        'currency',
        'rate',
    ],
    key=['day', 'currency'],
    written={'currency': 'upper(trim(landed.currency))'},
    version=none,
    dated=['day'],
    rules=[
        {'column': 'currency', 'reason': 'UNKNOWN_CURRENCY', 'when': 'not ' ~ is_currency('currency')},
        {'column': 'rate', 'reason': 'NON_POSITIVE_RATE', 'when': 'rate <= 0'},
    ] + in_range(['rate'], below='1000000')
) }}
