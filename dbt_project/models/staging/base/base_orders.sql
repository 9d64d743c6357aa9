{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='order_id', meta={'touched_by': 'touched_orders__landed'}) }}

{{ stage_base(
    entity='orders',
    columns=[
        'order_id',
        'ordered_at',
        'contact_ref',
        'net_amount',
        'currency',
        'gross_amount',
        'discount_amount',
        'tax_amount',
        'shipping_amount',
        'shipping_cost',
        'payment_fee',
        'status',
        'channel',
        'brand',
        'campaign_id',
        'coupon_code',
        'partner_id',
        'payment_fingerprint',
        'updated_at',
    ],
    key=['order_id'],
    happened=['ordered_at'],
    rules=not_negative(['net_amount', 'gross_amount', 'tax_amount', 'shipping_amount', 'shipping_cost', 'payment_fee'])
    + in_range(['net_amount', 'gross_amount', 'discount_amount', 'tax_amount', 'shipping_amount', 'shipping_cost', 'payment_fee']),
    version_lookups=[
        {
            'name': 'merged_contacts',
            'query': merged_contacts(ref('base_contacts')),
            'columns': ['_merged_contact_id'],
            'on': 'doubtful.contact_ref = merged_contacts._merged_contact_id',
        },
    ],
    earlier={
        '_first_contact_id': first_given(contact_key(is_address=false)),
        '_first_address': first_given(contact_key(is_address=true)),
        '_first_currency': first_given('upper(trim(currency))'),
    },
    version_rules=[
        {'column': 'contact_ref', 'reason': 'KEY_REUSED', 'when': contact_key(is_address=false) ~ ' <> _first_contact_id'},
        {'column': 'contact_ref', 'reason': 'KEY_REUSED', 'when': contact_key(is_address=true) ~ ' <> _first_address'},
        {'column': 'currency', 'reason': 'CURRENCY_CHANGED', 'when': 'upper(trim(currency)) <> _first_currency'},
    ],
    rate={'currency': 'currency', 'event_at': 'ordered_at'},
    touched={'by': 'touched_orders__landed', 'key': 'order_id'}
) }}
