{# What an amount per period is per month: a year is twelve months, a week a fifty-second of it; null for a period we do not know. #}
{% macro monthly_amount(amount, period) -%}
    case
        when lower(trim({{ period }})) in ('month', 'monthly', 'mois', 'mensuel') then {{ amount }}
        when lower(trim({{ period }})) in ('quarter', 'quarterly', 'trimestre', 'trimestriel') then {{ amount }} / 3
        when lower(trim({{ period }})) in ('year', 'yearly', 'annual', 'annually', 'an', 'année', 'annuel') then {{ amount }} / 12
        when lower(trim({{ period }})) in ('week', 'weekly', 'semaine', 'hebdomadaire') then {{ amount }} * 52 / 12
    end
{%- endmacro %}
