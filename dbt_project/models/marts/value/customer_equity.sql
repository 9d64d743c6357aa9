-- grain: accepted night (tonight is one), division and segment; within a division everything adds up, over nights only the parts of the change do
with

recorded as (

    select * from {{ source('model', 'recorded_equity') }}

),

nights as (

    select * from {{ source('model', 'recorded_nights') }}

),

recorded_values as (

    select * from {{ source('model', 'recorded_values') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

contacts as (

    select * from {{ ref('person_contacts') }}

),

divisions as (

    select 'all' as division
    union all
    select 'value_class' as division
    union all
    select 'acquisition_channel' as division
    union all
    select 'distance_at_acquisition' as division

),

comparison as (

    select max(as_of) as compared_with_on from nights

),

present as (

    select
        person_id,
        clv_12,
        clv_24,
        clv_36,
        coalesce(value_class, 'none') as value_class,
        {{ named_channel('acquisition_channel') }} as acquisition_channel,
        coalesce(distance_at_acquisition, 'unknown') as distance_at_acquisition,
        life_cycle_stage in ('lapsed', 'lost') as is_gone
    from customers
    where clv_12 is not null and not is_guest

),

-- who was merged into somebody since is that person's past, and not lost
owned as (

    select
        coalesce(contacts.person_id, recorded_values.person_id) as person_id,
        recorded_values.clv_12,
        coalesce(recorded_values.value_class, 'none') as value_class,
        {{ named_channel('recorded_values.acquisition_channel') }} as acquisition_channel,
        coalesce(recorded_values.distance_at_acquisition, 'unknown') as distance_at_acquisition,
        recorded_values.life_cycle_stage in ('lapsed', 'lost') as is_gone,
        row_number() over (
            partition by coalesce(contacts.person_id, recorded_values.person_id)
            order by
                case when contacts.person_id = recorded_values.person_id then 0 else 1 end asc nulls last,
                recorded_values.clv_12 desc nulls last,
                recorded_values.person_id asc nulls last
        ) as place
    from recorded_values
    left join contacts
        on recorded_values.person_id = contacts.contact_id

),

past as (

    select
        person_id,
        sum(clv_12) as clv_12,
        max(case when place = 1 then value_class end) as value_class,
        max(case when place = 1 then acquisition_channel end) as acquisition_channel,
        max(case when place = 1 then distance_at_acquisition end) as distance_at_acquisition,
        bool_and(is_gone) as is_gone
    from owned
    group by person_id

),

joined as (

    select
        divisions.division,
        present.clv_12,
        present.clv_24,
        present.clv_36,
        past.clv_12 as past_clv_12,
        case
            when present.person_id is not null then
                case divisions.division
                    when 'value_class' then present.value_class
                    when 'acquisition_channel' then present.acquisition_channel
                    when 'distance_at_acquisition' then present.distance_at_acquisition
                    else 'all'
                end
        end as segment,
        case
            when past.person_id is not null then
                case divisions.division
                    when 'value_class' then past.value_class
                    when 'acquisition_channel' then past.acquisition_channel
                    when 'distance_at_acquisition' then past.distance_at_acquisition
                    else 'all'
                end
        end as past_segment,
        case
            when past.person_id is null then 'new'
            when present.person_id is null or present.is_gone then 'lost'
            when past.is_gone then 'won_back'
            else 'kept'
        end as became,
        coalesce(past.is_gone, false) as was_gone
    from present
    full outer join past
        on present.person_id = past.person_id
    cross join divisions

),

-- each customer enters a segment with what they are worth now and leaves it with what they were worth then
contributions as (

    select
        division,
        segment,
        case when past_segment <> segment then 'moved' else became end as part,
        became,
        was_gone,
        1 as customers,
        clv_12,
        clv_24,
        clv_36,
        0 as past_clv_12,
        clv_12 as change
    from joined
    where segment is not null
    union all
    select
        division,
        past_segment as segment,
        case when past_segment <> segment then 'moved' else became end as part,
        became,
        was_gone,
        0 as customers,
        0 as clv_12,
        0 as clv_24,
        0 as clv_36,
        past_clv_12,
        -past_clv_12 as change
    from joined
    where past_segment is not null

),

summed as (

    select
        division,
        segment,
        sum(customers) as customers_count,
        sum(clv_12) as clv_12_amount,
        sum(clv_24) as clv_24_amount,
        sum(clv_36) as clv_36_amount,
        sum(past_clv_12) as previous_clv_12_amount,
        sum(change) as change_amount,
        coalesce(sum(change) filter (where part = 'new'), 0) as new_amount,
        coalesce(sum(change) filter (where part = 'kept'), 0) as kept_amount,
        coalesce(sum(change) filter (where part = 'won_back'), 0) as won_back_amount,
        coalesce(sum(change) filter (where part = 'lost'), 0) as lost_amount,
        coalesce(sum(change) filter (where part = 'moved'), 0) as moved_amount,
        count(*) filter (where became = 'new') as new_customers_count,
        count(*) filter (where became = 'won_back' and customers = 1) as won_back_customers_count,
        count(*) filter (where became = 'lost' and not was_gone and customers = 0) as lost_customers_count
    from contributions
    group by division, segment

)

select
    measured_on,
    division,
    segment,
    customers_count,
    clv_12_amount,
    clv_24_amount,
    clv_36_amount,
    compared_with_on,
    previous_clv_12_amount,
    change_amount,
    new_amount,
    kept_amount,
    won_back_amount,
    lost_amount,
    moved_amount,
    new_customers_count,
    won_back_customers_count,
    lost_customers_count
from recorded
union all
select
    {{ as_of() }} as measured_on,
    summed.division,
    summed.segment,
    cast(summed.customers_count as bigint) as customers_count,
    cast(summed.clv_12_amount as decimal(38, 2)) as clv_12_amount,
    cast(summed.clv_24_amount as decimal(38, 2)) as clv_24_amount,
    cast(summed.clv_36_amount as decimal(38, 2)) as clv_36_amount,
    comparison.compared_with_on,
    {%- for name in ['previous_clv_12_amount', 'change_amount', 'new_amount', 'kept_amount', 'won_back_amount', 'lost_amount', 'moved_amount'] %}
    cast(case when comparison.compared_with_on is not null then summed.{{ name }} end as decimal(38, 2)) as {{ name }},
    {%- endfor %}
    case when comparison.compared_with_on is not null then summed.new_customers_count end as new_customers_count,
    case when comparison.compared_with_on is not null then summed.won_back_customers_count end as won_back_customers_count,
    case when comparison.compared_with_on is not null then summed.lost_customers_count end as lost_customers_count
from summed
cross join comparison
