{#
Builds base_<entity>: every landed row with its status.

- quarantined: the row carries a problem, found when it was read or by a rule below;
- superseded: another sound row of the same key is the later version;
- accepted: the rest. landed = accepted + superseded + quarantined, always.

Parameters
----------
entity : name of the landed view.
columns : the columns of the entity.
key : the columns that identify a row; `required_key` those of them that may not be null (all, unless given).
version : the column that dates a version, or none.
happened : timestamps and dates of things that already happened: not before 1990, not after 2100, not later than a day after extraction.
dated : timestamps and dates that may lie ahead: not before 1990, not after 2100.
rules : further row rules, each a dict of column, reason, when (a condition; unknown counts as kept).
rate : dict of currency and event_at (or event_on, a date): the row needs an exchange rate on or before that business day unless it is in
    the reporting currency.
#}
{% macro stage_base(entity, columns, key, required_key=none, version='updated_at', happened=[], dated=[], rules=[], rate=none) -%}

{%- set plumbing = ['_source', '_system', '_batch_id', '_file', '_row_no', '_extracted_at'] -%}
{%- set all_rules = [] -%}
{%- for column in (key if required_key is none else required_key) -%}
    {%- do all_rules.append({
        'column': column, 'reason': 'MISSING_KEY',
        'when': column ~ ' is null and not ' ~ has_problems('_problems'),
    }) -%}
{%- endfor -%}
{%- for column in happened + dated -%}
    {%- do all_rules.append({
        'column': column, 'reason': 'IMPLAUSIBLE_DATE',
        'when': column ~ " < date '1990-01-01' or " ~ column ~ " >= date '2101-01-01'",
    }) -%}
{%- endfor -%}
{%- for column in happened -%}
    {%- do all_rules.append({
        'column': column, 'reason': 'FUTURE_DATE',
        'when': column ~ ' > ' ~ add_days_to_timestamp('_extracted_at', 1) ~ ' and ' ~ column ~ " < date '2101-01-01'",
    }) -%}
{%- endfor -%}
{%- do all_rules.extend(rules) -%}
{%- if rate is not none -%}
    {%- set rate_day = rate.event_on if 'event_on' in rate else business_date(rate.event_at) -%}
    {%- do all_rules.append({
        'column': rate.currency, 'reason': 'MISSING_RATE',
        'when': rate.currency ~ ' is not null and upper(trim(' ~ rate.currency ~ ')) <> ' ~ setting('company_currency')
            ~ ' and coalesce(_first_rate_on > ' ~ rate_day ~ ', true)',
    }) -%}
{%- endif -%}

with

landed as (

    select
        {%- for column in columns + plumbing %}
        landed.{{ column }},
        {%- endfor %}
        landed._problems
    from {{ source('landed', entity) }} as landed

),

{% if rate is not none -%}
first_rates as (

    select
        upper(trim(currency)) as rate_currency,
        min(day) as _first_rate_on
    from {{ ref('base_exchange_rates') }}
    where row_status = 'accepted'
    group by upper(trim(currency))

),

{% endif -%}
judged as (

    select
        {%- for column in columns + plumbing %}
        {{ column }},
        {%- endfor %}
        {{ with_problems('_problems', all_rules) | indent(8) }} as _problems
    from landed
    {%- if rate is not none %}
    left join first_rates
        on upper(trim(landed.{{ rate.currency }})) = first_rates.rate_currency
    {%- endif %}

),

ranked as (

    select
        {%- for column in columns + plumbing %}
        {{ column }},
        {%- endfor %}
        _problems,
        {{ has_problems('_problems') }} as _is_bad,
        row_number() over (
            partition by {{ key | join(', ') }}, {{ has_problems('_problems') }}
            order by
                {%- for column in ([version] if version else []) + ['_extracted_at', '_batch_id', '_row_no', '_file', '_source'] %}
                {{ column }} desc nulls last{{ ',' if not loop.last }}
                {%- endfor %}
        ) as _version_rank
    from judged

)

select
    {%- for column in columns + plumbing %}
    {{ column }},
    {%- endfor %}
    _problems,
    case
        when _is_bad then 'quarantined'
        when _version_rank > 1 then 'superseded'
        else 'accepted'
    end as row_status
from ranked
{%- endmacro %}
