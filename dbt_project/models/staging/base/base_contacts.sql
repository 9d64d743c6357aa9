{{ stage_base(
    entity='contacts',
    columns=[
        'contact_id',
        'created_at',
        'email',
        'phone',
        'first_name',
        'last_name',
        'company',
        'postcode',
        'city',
        'country',
        'birth_year',
        'acquisition_channel',
        'campaign_id',
        'referred_by',
        'referral_code',
        'owner',
        'address_fingerprint',
        'updated_at',
        'merged_into',
        'deleted_at',
    ],
    key=['contact_id'],
    happened=['created_at', 'deleted_at'],
    version_lookups=[
        {
            'name': 'granted',
            'query': last_grants(ref('base_consents')),
            'columns': ['_last_granted_at'],
            'on': 'judged.contact_id = granted._granting_contact_id',
        },
    ],
    earlier={'_was_deleted_at': 'max(deleted_at)'},
    version_rules=[
        {
            'column': 'contact_id',
            'reason': 'RESURRECTED',
            'when': 'deleted_at is null and _was_deleted_at is not null and coalesce(_last_granted_at <= _was_deleted_at, true)',
        },
    ]
) }}
