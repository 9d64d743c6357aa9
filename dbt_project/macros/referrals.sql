{# How far a chain of referrals is followed: 2^20 people. Two data tests say when that is not enough. #}
{% macro hop_levels() -%}
    {{ return(20) }}
{%- endmacro %}

{# Whether a moment is midnight, here or in UTC: a day whose time nobody knows. #}
{% macro is_day_only(utc_timestamp) -%}
    ({{ is_midnight(utc_timestamp, setting('company_business_time_zone')) }} or {{ is_midnight(utc_timestamp, "'UTC'") }})
{%- endmacro %}

{# Whether, of two moments of one day, the first lies more than so many hours before the second; of a day without a time nobody knows, and it does not. #}
{% macro is_earlier_that_day(first_at, second_at, hours) -%}
    coalesce(
        {{ add_hours(first_at, hours) }} < {{ second_at }} and not {{ is_day_only(first_at) }} and not {{ is_day_only(second_at) }},
        false
    )
{%- endmacro %}

{# Whether the variant of an invitation says that it was due and, by design, not sent. #}
{% macro is_withheld_invitation(variant) -%}
    coalesce(lower(trim({{ variant }})) in ('control', 'holdout'), false)
{%- endmacro %}
