-- grain: measure; the measures are four views of the same customers, nothing adds up over them
with

customers as (

    select * from {{ ref('dim_customers') }}

),

segments as (

    select * from {{ ref('segments') }}

),

{{ ranked_amounts() }},

held as (

    select
        measure,
        count(*) as holders_count,
        sum(amount) as held_amount,
        sum({{ as_ratio('place') }} * {{ as_ratio('amount') }}) as weighted_amount,
        count(*) filter (where running_amount < 0.8 * held_amount) as before_80_count,
        {%- for share in [1, 5, 10, 20] %}
        max(case when place = ceil({{ share }} * holders_count / 100.0) then running_amount end) as top_{{ share }}_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked
    group by measure

),

lost as (

    select
        measure,
        count(*) as negative_customers_count,
        sum(amount) as negative_amount
    from amounts
    where amount < 0
    group by measure

)

select
    measures.measure,
    coalesce(held.holders_count, 0) as holders_count,
    cast(coalesce(held.held_amount, 0) as decimal(38, 2)) as held_amount,
    coalesce(lost.negative_customers_count, 0) as negative_customers_count,
    cast(coalesce(lost.negative_amount, 0) as decimal(38, 2)) as negative_amount,
    {%- for share in [1, 5, 10, 20] %}
    {{ share_of_amount('held.top_' ~ share ~ '_amount', 'held.held_amount') }} as top_{{ share }}_rate,
    {%- endfor %}
    case
        when held.held_amount > 0 then {{ share('held.before_80_count + 1', 'held.holders_count') }}
    end as holders_of_80_rate,
    {{ to_nine_decimals(
        '(' ~ as_ratio('held.holders_count') ~ ' + 1) / nullif(' ~ as_ratio('held.holders_count') ~ ', 0) - 2 * held.weighted_amount / nullif('
        ~ as_ratio('held.holders_count') ~ ' * ' ~ as_ratio('held.held_amount') ~ ', 0)'
    ) }} as gini
from measures
left join held
    on measures.measure = held.measure
left join lost
    on measures.measure = lost.measure
