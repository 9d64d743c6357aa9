{# The kinds of contact events we know, as a list of literals. #}
{% macro contact_event_kinds() -%}
    'message_sent', 'delivered', 'opened', 'clicked', 'unsubscribed', 'spam_complaint', 'bounced',
    'complaint_opened', 'complaint_resolved', 'survey_answered', 'quote_requested', 'cart_abandoned',
    'visit', 'fair_met', 'referral_invited', 'referral_shared', 'service_call'
{%- endmacro %}

{# NPS runs from 0 to 10, CSAT from 1 to 5; an answer of an unnamed survey is taken on the wider scale. #}
{% macro score_out_of_range() -%}
    lower(trim(kind)) = 'survey_answered'
    and (score < 0 or score > 10 or (lower(trim(variant)) = 'csat' and (score < 1 or score > 5)))
{%- endmacro %}

{# An answer without its score; a score that could not be read has its own reason. #}
{% macro score_missing() -%}
    lower(trim(kind)) = 'survey_answered' and score is null and not {{ has_problems('_problems') }}
{%- endmacro %}

{#
Every landed row as far as a flag needs it, under the name `events`: of the ones that are judged tonight; where the night goes on from the
warehouse before, of those that came and of those that were there, as far as they have to do with them (`link` is a column of both).
#}
{% macro landed_events(columns, link) -%}
{%- if may_be_increment() -%}
{%- set arrived, before = source('arrived', 'contact_events'), source('basis', 'base_contact_events') -%}
(
    select {{ columns | join(', ') }}
    from {{ arrived }}
    union all
    select {{ columns | join(', ') }}
    from {{ before }}
    where {{ link }} in (select {{ link }} from judged)
) as events
{%- else -%}
judged as events
{%- endif -%}
{%- endmacro %}

{# One row per message that was sent. #}
{% macro sent_messages() -%}
select
    message_id as _sent_message_id
from {{ landed_events(['kind', 'message_id'], 'message_id') }}
where
    lower(trim(kind)) = 'message_sent'
    and message_id is not null
group by message_id
{% endmacro %}

{# Whether any source tells of messages that were sent. #}
{% macro is_sending_told() -%}
{%- if may_be_increment() -%}
{%- set arrived, before = source('arrived', 'contact_events'), source('basis', 'base_contact_events') -%}
exists (
    select 1
    from (
        select kind, message_id from {{ arrived }}
        union all
        select kind, message_id from {{ before }}
    ) as events
    where lower(trim(kind)) = 'message_sent' and message_id is not null
)
{%- else -%}
exists (select 1 from sent_messages)
{%- endif -%}
{%- endmacro %}

{# An event that retention has made nobody's: there is one nobody for all, a text or a number, in the name space of each source. #}
{% macro is_nobody(contact_ref) -%}
    ({{ contact_ref }} in ('nobody', '-2147483647') or {{ contact_ref }} like '%:nobody' or {{ contact_ref }} like '%:-2147483647')
{%- endmacro %}

{#
One row per contact and second with more events than people make. The few seconds with many rows are counted again by event: a file sent
twice is no machine, nor is nobody. A moment that may be a day without a time is not judged.
#}
{% macro crowded_seconds() -%}
select
    events.contact_ref as _crowded_ref,
    {{ second_of('events.occurred_at') }} as _crowded_at
from {{ landed_events(['event_id', 'contact_ref', 'occurred_at'], 'contact_ref') }}
inner join (
    select
        contact_ref,
        {{ second_of('occurred_at') }} as second_at
    from {{ landed_events(['event_id', 'contact_ref', 'occurred_at'], 'contact_ref') }}
    where not {{ is_nobody('contact_ref') }}
    group by contact_ref, {{ second_of('occurred_at') }}
    having
        count(*) > {{ setting('quality_events_per_second') }}
        and not {{ may_be_midnight(second_of('occurred_at')) }}
) as seconds
    on events.contact_ref = seconds.contact_ref
    and {{ second_of('events.occurred_at') }} = seconds.second_at
group by events.contact_ref, {{ second_of('events.occurred_at') }}
having count(distinct events.event_id) > {{ setting('quality_events_per_second') }}
{% endmacro %}

{# An event that no person made: opened or clicked in a message that nobody sent (where sendings are given at all), or one of a crowd. #}
{% macro is_suspect_event() -%}
    _crowded_at is not null
    or (
        lower(trim(judged.kind)) in ('opened', 'clicked')
        and judged.message_id is not null
        and _sent_message_id is null
        and {{ is_sending_told() }}
    )
{%- endmacro %}
