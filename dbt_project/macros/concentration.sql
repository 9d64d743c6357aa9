{# How unequally something is held: the steps that the table of figures and the curve share. #}

{# Steps from `customers` and `segments` to `ranked`: each identified customer's amount by measure, whoever is not below zero in line from the
   top with their place, what they and those before them hold, and how many and how much there is in all; losses stand apart, without a place.
   Equal amounts may stand in any order: the curve is the same. #}
{% macro ranked_amounts() -%}
measures as (

    select 'revenue' as measure
    union all
    select 'margin' as measure
    union all
    select 'actual_value' as measure
    union all
    select 'clv_12' as measure

),

amounts as (

    select
        measures.measure,
        customers.person_id,
        case measures.measure
            when 'revenue' then customers.revenue_amount
            when 'margin' then customers.customer_margin_amount
            when 'actual_value' then segments.actual_value_amount
            else customers.clv_12
        end as amount
    from customers
    inner join segments
        on customers.person_id = segments.person_id
    cross join measures
    where customers.is_customer and not customers.is_guest

),

ranked as (

    select
        measure,
        amount,
        row_number() over (
            partition by measure
            order by amount desc nulls last, person_id asc nulls last
        ) as place,
        sum(amount) over (
            partition by measure
            order by amount desc nulls last, person_id asc nulls last
            rows between unbounded preceding and current row
        ) as running_amount,
        count(*) over (partition by measure) as holders_count,
        sum(amount) over (partition by measure) as held_amount
    from amounts
    where amount >= 0

)
{%- endmacro %}

{# The share of an amount in another that is not zero, to nine decimals. #}
{% macro share_of_amount(part, whole) -%}
    {{ to_nine_decimals(as_ratio(part) ~ ' / nullif(' ~ as_ratio(whole) ~ ', 0)') }}
{%- endmacro %}
