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
