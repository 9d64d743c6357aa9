{# What an amount per period is per month, to the cent: a year is twelve months, a week a fifty-second of it; null for a period we do not know. #}
{% macro monthly_amount(amount, period) -%}
    case
        when lower(trim({{ period }})) in ('month', 'monthly', 'mois', 'mensuel') then {{ amount }}
        when lower(trim({{ period }})) in ('quarter', 'quarterly', 'trimestre', 'trimestriel') then {{ divided_amount(amount, 3) }}
        when lower(trim({{ period }})) in ('year', 'yearly', 'annual', 'annually', 'an', 'année', 'annuel') then {{ divided_amount(amount, 12) }}
        when lower(trim({{ period }})) in ('week', 'weekly', 'semaine', 'hebdomadaire') then {{ divided_amount('52 * (' ~ amount ~ ')', 12) }}
    end
{%- endmacro %}
