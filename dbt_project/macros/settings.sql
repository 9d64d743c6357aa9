{# Settings come from the one row of control.night, not from dbt vars: the compiled SQL is the same every night. #}
{% macro setting(name) -%}
    (select night.{{ name }} from {{ source('control', 'night') }} as night)
{%- endmacro %}

{# The day the night is about: the last business day whose events are visible. #}
{% macro as_of() -%}
    {{ setting('as_of') }}
{%- endmacro %}

{# The business day (calendar day in the company's zone) of a UTC timestamp. #}
{% macro business_date(utc_timestamp) -%}
    {{ local_date(utc_timestamp, setting('company_business_time_zone'), setting('_zone_least_micros'), setting('_zone_most_micros')) }}
{%- endmacro %}

{# An amount in the reporting currency; a rate of null means it already is. #}
{% macro in_reporting_currency(amount, rate) -%}
    case
        when {{ rate }} is null then {{ amount }}
        else cast(round({{ amount }} * {{ rate }}, 2) as decimal(18, 2))
    end
{%- endmacro %}

{# Whether a text is one of the entries of a comma-joined setting; letter case and outer spaces do not count. #}
{% macro is_listed(value, setting_name) -%}
    coalesce(
        position(
            concat(',', lower(trim({{ value }})), ',')
            in concat(',', lower({{ setting(setting_name) }}), ',')
        ) > 0,
        false
    )
{%- endmacro %}
