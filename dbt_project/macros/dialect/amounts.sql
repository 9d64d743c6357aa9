{# Amounts of money: where engines divide decimals differently. #}

{# An amount as a factor: the product of two decimals of eighteen digits would have to fit eighteen again, places behind the point included. #}
{% macro wide(amount) -%}
    cast({{ amount }} as decimal(38, 4))
{%- endmacro %}

{# An amount divided by a whole number, to the cent, halves away from zero; null where the number is zero.
   A quotient in binary floating point is a hair beside what it stands for: 156.67 / 2 would be 78.33. #}
{% macro divided_amount(amount, whole_number) -%}
    {{ return(adapter.dispatch('divided_amount', 'goodwill')(amount, whole_number)) }}
{%- endmacro %}

{# This engine's `/` is floating point even of decimals, so whole cents are divided. #}
{% macro duckdb__divided_amount(amount, whole_number) -%}
    cast(
        cast(
            sign({{ amount }})
            * ((2 * abs(cast(({{ amount }}) * 100 as hugeint)) + {{ whole_number }}) // nullif(2 * ({{ whole_number }}), 0))
            as decimal(36, 0)
        ) * 0.01 as decimal(18, 2)
    )
{%- endmacro %}
