-- grain: saying
with

acquisition_costs as (

    select * from {{ ref('acquisition_costs') }}
    where scope = 'blended' and is_month_complete and apparent_cost_ratio > 0

),

satisfaction as (

    select * from {{ ref('satisfaction') }}
    where segment_kind = 'all'

),

customers as (

    select * from {{ ref('int_customer_facts') }}
    where not is_guest and revenue_amount > 0

),

answers as (

    select * from {{ ref('int_survey_answers') }}

),

edges as (

    select * from {{ ref('int_referrals__accepted') }}

),

-- what is said, and how far from it a figure may lie and still bear it out
claims as (

    select
        claim,
        figure_of,
        counted_in,
        claimed_from,
        claimed_to,
        claimed_from * (1 - {{ setting('folklore_tolerance') }}) as lower_limit,
        claimed_to * (1 + {{ setting('folklore_tolerance') }}) as upper_limit,
        case when counted_in = 'months' then 12 else {{ setting('folklore_minimum_count') }} end as minimum_count
    from (
        values
        ('acquisition_costs_4_to_5_times', 'cost_ratio', 'months', 4.0, 5.0),
        ('acquisition_costs_25_times', 'cost_ratio', 'months', 25.0, 25.0),
        ('satisfied_buyers_return_nps', 'nps_return', 'customer_months', 0.8, 0.8),
        ('satisfied_buyers_return_csat', 'csat_return', 'customer_months', 0.8, 0.8),
        ('top_20_percent_make_80', 'top_share', 'customers', 0.8, 0.8),
        ('satisfied_customer_tells_1_to_2', 'told', 'satisfied_people', 1.0, 2.0)
    ) as said (claim, figure_of, counted_in, claimed_from, claimed_to)

),

-- the months' ratios multiply rather than add: their geometric mean, with an interval on the logarithm
cost_ratios as (

    select
        'cost_ratio' as figure_of,
        exp(avg(ln(apparent_cost_ratio))) as figure,
        count(*) as cases_count,
        exp(avg(ln(apparent_cost_ratio)) - {{ z_95() }} * stddev_samp(ln(apparent_cost_ratio)) / nullif(sqrt(count(*)), 0)) as low,
        exp(avg(ln(apparent_cost_ratio)) + {{ z_95() }} * stddev_samp(ln(apparent_cost_ratio)) / nullif(sqrt(count(*)), 0)) as high
    from acquisition_costs

),

returns as (

    select
        survey_kind,
        sum(satisfied_count) as satisfied_count,
        sum(round(satisfied_repurchase_rate * satisfied_count, 0)) as returned_count
    from satisfaction
    where satisfied_count > 0
    group by survey_kind

),

return_rates as (

    select
        case survey_kind when 'nps' then 'nps_return' else 'csat_return' end as figure_of,
        {{ share('returned_count', 'satisfied_count') }} as figure,
        satisfied_count as cases_count,
        {{ wilson_low('returned_count', 'satisfied_count') }} as low,
        {{ wilson_high('returned_count', 'satisfied_count') }} as high
    from returns

),

-- the share of the lower four fifths, the customer on the border counted in part; its variance is that of a Lorenz ordinate
ranked as (

    select
        {{ as_ratio('revenue_amount') }} as revenue,
        row_number() over (order by revenue_amount asc nulls last, person_id asc nulls last) as revenue_rank,
        count(*) over () as customers_count,
        avg({{ as_ratio('revenue_amount') }}) over () as mean_revenue
    from customers

),

border as (

    select
        max(mean_revenue) as mean_revenue,
        max(revenue) filter (where revenue_rank <= ceil(0.8 * customers_count)) as border_revenue,
        sum(revenue * greatest(least(0.8 * customers_count - revenue_rank + 1, 1), 0)) / nullif(sum(revenue), 0) as lower_share
    from ranked

),

top_shares as (

    select
        1 - max(border.lower_share) as figure,
        count(*) as cases_count,
        stddev_samp(
            case when ranked.revenue <= border.border_revenue then ranked.revenue - border.border_revenue else 0 end
            - border.lower_share * ranked.revenue
        ) / nullif(max(border.mean_revenue) * sqrt(count(*)), 0) as standard_error
    from ranked
    cross join border

),

satisfied_people as (

    select person_id
    from answers
    where opinion = 'promoter'
    group by person_id

),

told_each as (

    select
        satisfied_people.person_id,
        count(edges.referred_person_id) as told_count
    from satisfied_people
    left join edges
        on satisfied_people.person_id = edges.referrer_person_id
    group by satisfied_people.person_id

),

told as (

    select
        avg(told_count) as figure,
        count(*) as cases_count,
        stddev_samp(told_count) / nullif(sqrt(count(*)), 0) as standard_error
    from told_each

),

-- of so many people who told nobody, up to three among all of them might have (the rule of three)
figures as (

    select
        figure_of,
        figure,
        cases_count,
        low,
        high
    from cost_ratios
    union all
    select
        figure_of,
        figure,
        cases_count,
        low,
        high
    from return_rates
    union all
    select
        'top_share' as figure_of,
        figure,
        cases_count,
        case when standard_error is not null then greatest(figure - {{ z_95() }} * standard_error, 0) end as low,
        case when standard_error is not null then least(figure + {{ z_95() }} * standard_error, 1) end as high
    from top_shares
    union all
    select
        'told' as figure_of,
        figure,
        cases_count,
        case when standard_error is not null then greatest(figure - {{ z_95() }} * standard_error, 0) end as low,
        case
            when standard_error is not null
                then greatest(figure + {{ z_95() }} * standard_error, 3 / nullif({{ as_ratio('cases_count') }}, 0))
        end as high
    from told

),

joined as (

    select
        claims.*,
        {{ to_nine_decimals('figures.figure') }} as figure,
        coalesce(figures.cases_count, 0) as cases_count,
        {{ to_nine_decimals('figures.low') }} as low,
        {{ to_nine_decimals('figures.high') }} as high
    from claims
    left join figures
        on claims.figure_of = figures.figure_of

)

-- an interval that lies neither inside what is said nor outside it decides nothing
select
    claim,
    cast(claimed_from as double) as claimed_from,
    cast(claimed_to as double) as claimed_to,
    figure,
    low as figure_low,
    high as figure_high,
    counted_in,
    cast(cases_count as bigint) as cases_count,
    case
        when cases_count < minimum_count or low is null or high is null then 'not_enough_data'
        when low >= lower_limit and high <= upper_limit then 'holds'
        when high < lower_limit or low > upper_limit then 'does_not'
        else 'not_enough_data'
    end as verdict
from joined
