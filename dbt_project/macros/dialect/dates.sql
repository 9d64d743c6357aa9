{# Dates and time zones: what engines spell differently. #}

{# The calendar day of a UTC timestamp in a zone, of which the least and the greatest offset from 1990 to 2049 are given, in microseconds. #}
{% macro local_date(utc_timestamp, zone, least, most) -%}
    {{ return(adapter.dispatch('local_date', 'goodwill')(utc_timestamp, zone, least, most)) }}
{%- endmacro %}

{#
The calendar of the zone is asked where the day depends on the offset: in the hours around midnight, and in other years. To ask it takes ten times as
long as all the rest. By its microseconds a moment is taken for UTC at no cost; `timezone('UTC', …)` would ask once more.
#}
{% macro duckdb__local_date(utc_timestamp, zone, least, most) -%}
    case
        when {{ utc_timestamp }} >= timestamp '1990-01-01' and {{ utc_timestamp }} < timestamp '2050-01-01'
            and (epoch_us({{ utc_timestamp }}) + {{ least }}) // 86400000000 = (epoch_us({{ utc_timestamp }}) + {{ most }}) // 86400000000
            then cast(make_timestamp(epoch_us({{ utc_timestamp }}) + {{ least }}) as date)
        else cast(timezone({{ zone }}, make_timestamptz(epoch_us({{ utc_timestamp }}))) as date)
    end
{%- endmacro %}

{# Whole days from one date to a later one. #}
{% macro days_between(first_date, last_date) -%}
    {{ return(adapter.dispatch('days_between', 'goodwill')(first_date, last_date)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_date, last_date) -%}
    date_diff('day', {{ first_date }}, {{ last_date }})
{%- endmacro %}

{# A date some whole days later. #}
{% macro add_days(first_date, days) -%}
    {{ return(adapter.dispatch('add_days', 'goodwill')(first_date, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(first_date, days) -%}
    cast({{ first_date }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{# A date some months later; the 31st becomes the last day of a shorter month. #}
{% macro add_months(first_date, months) -%}
    {{ return(adapter.dispatch('add_months', 'goodwill')(first_date, months)) }}
{%- endmacro %}

{% macro duckdb__add_months(first_date, months) -%}
    cast({{ first_date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{# Calendar months from the one of a date to the one of a later date. #}
{% macro months_between(first_date, last_date) -%}
    ((extract(year from {{ last_date }}) - extract(year from {{ first_date }})) * 12
    + extract(month from {{ last_date }}) - extract(month from {{ first_date }}))
{%- endmacro %}

{# The first day of the month. #}
{% macro month_of(any_date) -%}
    cast(date_trunc('month', {{ any_date }}) as date)
{%- endmacro %}

{# A UTC timestamp some days later. #}
{% macro add_days_to_timestamp(utc_timestamp, days) -%}
    {{ return(adapter.dispatch('add_days_to_timestamp', 'goodwill')(utc_timestamp, days)) }}
{%- endmacro %}

{% macro duckdb__add_days_to_timestamp(utc_timestamp, days) -%}
    ({{ utc_timestamp }} + to_days(cast({{ days }} as integer)))
{%- endmacro %}

{# A UTC timestamp some whole hours later. #}
{% macro add_hours(utc_timestamp, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'goodwill')(utc_timestamp, hours)) }}
{%- endmacro %}

{% macro duckdb__add_hours(utc_timestamp, hours) -%}
    ({{ utc_timestamp }} + to_hours(cast({{ hours }} as integer)))
{%- endmacro %}

{# The moment without its fraction of a second. #}
{% macro second_of(utc_timestamp) -%}
    {{ return(adapter.dispatch('second_of', 'goodwill')(utc_timestamp)) }}
{%- endmacro %}

{% macro duckdb__second_of(utc_timestamp) -%}
    date_trunc('second', {{ utc_timestamp }})
{%- endmacro %}

{# Whether a moment is on the full quarter of an hour: in some zone it may be a day without a time. #}
{% macro may_be_midnight(utc_timestamp) -%}
    {{ return(adapter.dispatch('may_be_midnight', 'goodwill')(utc_timestamp)) }}
{%- endmacro %}

{% macro duckdb__may_be_midnight(utc_timestamp) -%}
    epoch_us({{ utc_timestamp }}) % 900000000 = 0
{%- endmacro %}

{# Whether a UTC timestamp is midnight in a zone: most likely a day whose time nobody knows. #}
{% macro is_midnight(utc_timestamp, zone) -%}
    {{ return(adapter.dispatch('is_midnight', 'goodwill')(utc_timestamp, zone)) }}
{%- endmacro %}

{% macro duckdb__is_midnight(utc_timestamp, zone) -%}
    epoch_us(timezone({{ zone }}, make_timestamptz(epoch_us({{ utc_timestamp }})))) % 86400000000 = 0
{%- endmacro %}
