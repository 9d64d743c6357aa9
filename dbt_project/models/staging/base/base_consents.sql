{{ stage_base(
    entity='consents',
    columns=[
        'contact_id',
        'channel',
        'purpose',
        'changed_at',
        'granted',
    ],
    key=['contact_id', 'channel', 'purpose', 'changed_at'],
    version=none,
    happened=['changed_at']
) }}
