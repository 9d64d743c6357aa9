{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='event_id', meta={'touched_by': 'touched_events__landed'}) }}

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
        {'column': 'score', 'reason': 'MISSING_SCORE', 'when': score_missing()},
    ] + not_negative(['cost']) + in_range(['cost']),
    flag_lookups=[
        {
            'name': 'sent_messages',
            'query': sent_messages(),
            'on': 'judged.message_id = sent_messages._sent_message_id',
        },
        {
            'name': 'crowded_seconds',
            'query': crowded_seconds(),
            'on': 'judged.contact_ref = crowded_seconds._crowded_ref and '
                ~ second_of('judged.occurred_at') ~ ' = crowded_seconds._crowded_at',
        },
    ],
    flags={'is_suspect': is_suspect_event()},
    touched={'by': 'touched_events__landed', 'key': 'event_id'}
) }}
