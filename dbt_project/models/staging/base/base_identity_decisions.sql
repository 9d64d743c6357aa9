{{ stage_base(
    entity='identity_decisions',
    columns=[
        'contact_id',
        'other_contact_id',
        'decided_at',
        'decision',
        'decided_by',
        'reason',
    ],
    key=['contact_id', 'other_contact_id', 'decided_at'],
    version=none,
    happened=['decided_at'],
    rules=[
        {'column': 'decision', 'reason': 'UNKNOWN_DECISION', 'when': "lower(trim(decision)) not in ('same', 'different')"},
        {'column': 'other_contact_id', 'reason': 'SAME_CONTACT', 'when': 'other_contact_id = contact_id'},
    ]
) }}
