{# The currencies of ISO 4217 that money is paid in, those included that were withdrawn since 1990: old orders are in them. #}
{% macro iso_currencies() -%}
    {{ return((
        'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF '
        ~ 'CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF '
        ~ 'IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP '
        ~ 'MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG '
        ~ 'SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND '
        ~ 'VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG '
        ~ 'ADP AFA ATS AZM BEF BGL BYB BYR CSD CYP DEM ECS EEK ESP FIM FRF GHC GRD GWP HRK IEP ITL LTL LUF LVL MGF MRO MTL MXP MZM NLG '
        ~ 'PLZ PTE ROL RUR SDD SIT SKK SLL SRG STD TMM TRL UAK VEB VEF XEU YUM ZMK ZWD ZWL ZWN ZWR'
    ).split()) }}
{%- endmacro %}

{# Whether a text names a currency; letter case and outer spaces do not count. #}
{% macro is_currency(column) -%}
    upper(trim({{ column }})) in ('{{ iso_currencies() | join("', '") }}')
{%- endmacro %}

{# One row per known currency. #}
{% macro known_currencies() -%}
select iso_currencies.code as _known_currency
from (values ('{{ iso_currencies() | join("'), ('") }}')) as iso_currencies (code)
{% endmacro %}

{# Every day that a currency has a rate for: from the day of an accepted one until the next, so long as the settings allow. #}
{% macro rated_days(exchange_rates) -%}
select
    currency as _rated_currency,
    {{ add_days('day', 'day_offset') }} as _rated_day
from (
    select
        currency,
        day,
        {{ series_to('last_offset') }} as day_offset
    from (
        select
            currency,
            day,
            least(
                {{ setting('quality_rate_patience_days') }},
                coalesce(
                    {{ days_between('day', 'lead(day) over (partition by currency order by day asc nulls last)') }} - 1,
                    {{ setting('quality_rate_patience_days') }}
                )
            ) as last_offset
        from {{ exchange_rates }}
        where row_status = 'accepted'
    ) as spans
) as days
{% endmacro %}

{# The day a rate is needed for. #}
{% macro rated_day(rate) -%}
    {{ return(rate.event_on if 'event_on' in rate else business_date(rate.event_at)) }}
{%- endmacro %}

{# What the rules of an amount in a currency of its own look up, as `lookups` of `stage_base`. #}
{% macro rate_lookups(rate) -%}
    {%- set currency = 'upper(trim(landed.' ~ rate.currency ~ '))' -%}
    {{ return([
        {
            'name': 'currencies',
            'query': known_currencies(),
            'columns': ['_known_currency'],
            'on': currency ~ ' = currencies._known_currency',
        },
        {
            'name': 'rated_days',
            'query': rated_days(ref('base_exchange_rates')),
            'columns': ['_rated_day'],
            'on': currency ~ ' = rated_days._rated_currency and ' ~ rated_day(rate) ~ ' = rated_days._rated_day',
        },
    ]) }}
{%- endmacro %}

{# The rules of an amount in a currency of its own, over the columns of `rate_lookups`. #}
{% macro rate_rules(rate) -%}
    {%- set is_foreign = rate.currency ~ ' is not null and upper(trim(' ~ rate.currency ~ ')) <> ' ~ setting('company_currency') -%}
    {{ return([
        {'column': rate.currency, 'reason': 'UNKNOWN_CURRENCY', 'when': is_foreign ~ ' and _known_currency is null'},
        {
            'column': rate.currency, 'reason': 'MISSING_RATE',
            'when': is_foreign ~ ' and _known_currency is not null and _rated_day is null and '
                ~ (rate.event_on if 'event_on' in rate else rate.event_at) ~ ' is not null',
        },
    ]) }}
{%- endmacro %}
