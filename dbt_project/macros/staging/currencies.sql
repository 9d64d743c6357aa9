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

{# One row per known currency, with the first day it has an accepted rate on. #}
{% macro known_currencies() -%}
select
    iso_currencies.code as _known_currency,
    min(exchange_rates.day) as _first_rate_on
from (values ('{{ iso_currencies() | join("'), ('") }}')) as iso_currencies (code)
left join {{ ref('base_exchange_rates') }} as exchange_rates
    on iso_currencies.code = upper(trim(exchange_rates.currency))
    and exchange_rates.row_status = 'accepted'
group by iso_currencies.code
{% endmacro %}

{# The rules of an amount in a currency of its own, over the columns of `known_currencies`. #}
{% macro rate_rules(rate) -%}
    {%- set day = rate.event_on if 'event_on' in rate else business_date(rate.event_at) -%}
    {%- set is_foreign = rate.currency ~ ' is not null and upper(trim(' ~ rate.currency ~ ')) <> ' ~ setting('company_currency') -%}
    {{ return([
        {'column': rate.currency, 'reason': 'UNKNOWN_CURRENCY', 'when': is_foreign ~ ' and _known_currency is null'},
        {
            'column': rate.currency, 'reason': 'MISSING_RATE',
            'when': is_foreign ~ ' and _known_currency is not null and coalesce(_first_rate_on > ' ~ day ~ ', true)',
        },
    ]) }}
{%- endmacro %}
