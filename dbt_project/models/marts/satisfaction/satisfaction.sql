-- grain: month, survey kind and segment ('all' and each acquisition channel); scores and rates do not add up, counts do within a segment kind
with

answers as (

    select * from {{ ref('int_survey_answers') }}

),

contact_events as (

    select * from {{ ref('int_contact_events__identified') }}
    where is_suspect is not true

),

purchase_days as (

    select * from {{ ref('int_purchase_days') }}
    where not is_guest

),

people as (

    select
        people.person_id,
        {{ named_channel('coalesce(customers.acquisition_channel, people.acquisition_channel)') }} as acquisition_channel
    from {{ ref('int_people') }} as people
    left join {{ ref('int_customer_facts') }} as customers
        on people.person_id = customers.person_id

),

clock as (

    select
        {{ as_of() }} as as_of,
        {{ setting('satisfaction_response_days') }} as response_days,
        {{ setting('satisfaction_repurchase_days') }} as repurchase_days

),

kinds as (

    select
        survey_kind,
        {{ month_of('min(answered_on)') }} as first_month
    from answers
    group by survey_kind

),

answered as (

    select
        {{ month_of('answers.answered_on') }} as month,
        answers.survey_kind,
        people.acquisition_channel,
        count(*) filter (where answers.opinion = 'promoter') as promoters_count,
        count(*) filter (where answers.opinion = 'passive') as passives_count,
        count(*) filter (where answers.opinion = 'detractor') as detractors_count
    from answers
    inner join people
        on answers.person_id = people.person_id
    where answers.is_counted
    group by 1, 2, 3

),

-- a survey is known to be sent where its message says so in the variant; a person asked twice in a month is asked once
asked as (

    select
        person_id,
        lower(trim(variant)) as survey_kind,
        {{ month_of('occurred_on') }} as month,
        min(occurred_on) as asked_on
    from contact_events
    where kind = 'message_sent' and lower(trim(variant)) in ('nps', 'csat')
    group by person_id, lower(trim(variant)), {{ month_of('occurred_on') }}

),

asked_answers as (

    select
        asked.person_id,
        asked.survey_kind,
        asked.month,
        count(answers.event_id) > 0 as is_answered
    from asked
    cross join clock
    left join answers
        on asked.person_id = answers.person_id
        and asked.survey_kind = answers.survey_kind
        and answers.answered_on >= asked.asked_on
        and answers.answered_on < {{ add_days('asked.asked_on', 'clock.response_days') }}
    group by asked.person_id, asked.survey_kind, asked.month

),

responded as (

    select
        asked_answers.month,
        asked_answers.survey_kind,
        people.acquisition_channel,
        count(*) as asked_count,
        count(*) filter (where asked_answers.is_answered) as responded_count
    from asked_answers
    inner join people
        on asked_answers.person_id = people.person_id
    group by 1, 2, 3

),

-- who bought in a month is grouped by the first answer within the response days, and then watched: from that landmark on, so that nobody has
-- the longer time to buy for having answered
bought as (

    select
        person_id,
        {{ month_of('purchased_on') }} as month,
        min(purchased_on) as purchased_on
    from purchase_days
    group by person_id, {{ month_of('purchased_on') }}

),

landmarks as (

    select
        bought.person_id,
        bought.month,
        people.acquisition_channel,
        bought.purchased_on,
        {{ add_days('bought.purchased_on', 'clock.response_days') }} as landmark_on,
        clock.repurchase_days
    from bought
    inner join people
        on bought.person_id = people.person_id
    cross join clock
    where
        bought.month >= (select min(first_month) from kinds)
        and {{ add_days(add_months('bought.month', 1), 'clock.response_days + clock.repurchase_days - 1') }} <= clock.as_of

),

-- whether anybody buys again from the landmark on does not depend on the survey
returned as (

    select
        landmarks.person_id,
        landmarks.month
    from landmarks
    inner join purchase_days
        on landmarks.person_id = purchase_days.person_id
        and landmarks.landmark_on <= purchase_days.purchased_on
        and purchase_days.purchased_on < {{ add_days('landmarks.landmark_on', 'landmarks.repurchase_days') }}
    group by landmarks.person_id, landmarks.month

),

everybody as (

    select
        landmarks.month,
        landmarks.acquisition_channel,
        count(*) as people_count,
        count(returned.person_id) as returned_count
    from landmarks
    left join returned
        on landmarks.person_id = returned.person_id
        and landmarks.month = returned.month
    group by landmarks.month, landmarks.acquisition_channel

),

opinions as (

    select
        landmarks.person_id,
        landmarks.month,
        landmarks.acquisition_channel,
        answers.survey_kind,
        {{ earliest('answers.opinion', ['answers.answered_at', 'answers.event_id']) }} as opinion
    from landmarks
    inner join answers
        on landmarks.person_id = answers.person_id
        and landmarks.purchased_on <= answers.answered_on
        and landmarks.landmark_on > answers.answered_on
    inner join kinds
        on answers.survey_kind = kinds.survey_kind
        and landmarks.month >= kinds.first_month
    group by landmarks.person_id, landmarks.month, landmarks.acquisition_channel, answers.survey_kind

),

heard as (

    select
        opinions.month,
        opinions.acquisition_channel,
        opinions.survey_kind,
        count(*) as people_count,
        count(returned.person_id) as returned_count,
        count(*) filter (where opinions.opinion = 'promoter') as satisfied_count,
        count(returned.person_id) filter (where opinions.opinion = 'promoter') as satisfied_returned_count,
        count(*) filter (where opinions.opinion = 'detractor') as dissatisfied_count,
        count(returned.person_id) filter (where opinions.opinion = 'detractor') as dissatisfied_returned_count
    from opinions
    left join returned
        on opinions.person_id = returned.person_id
        and opinions.month = returned.month
    group by opinions.month, opinions.acquisition_channel, opinions.survey_kind

),

-- whoever was not heard of is silent
watched as (

    select
        everybody.month,
        kinds.survey_kind,
        everybody.acquisition_channel,
        coalesce(heard.satisfied_count, 0) as satisfied_count,
        coalesce(heard.satisfied_returned_count, 0) as satisfied_returned_count,
        coalesce(heard.dissatisfied_count, 0) as dissatisfied_count,
        coalesce(heard.dissatisfied_returned_count, 0) as dissatisfied_returned_count,
        everybody.people_count - coalesce(heard.people_count, 0) as silent_count,
        everybody.returned_count - coalesce(heard.returned_count, 0) as silent_returned_count
    from everybody
    inner join kinds
        on everybody.month >= kinds.first_month
    left join heard
        on everybody.month = heard.month
        and everybody.acquisition_channel = heard.acquisition_channel
        and kinds.survey_kind = heard.survey_kind

),

cells as (

    select
        coalesce(answered.month, responded.month, watched.month) as month,
        coalesce(answered.survey_kind, responded.survey_kind, watched.survey_kind) as survey_kind,
        coalesce(answered.acquisition_channel, responded.acquisition_channel, watched.acquisition_channel) as acquisition_channel,
        coalesce(answered.promoters_count, 0) as promoters_count,
        coalesce(answered.passives_count, 0) as passives_count,
        coalesce(answered.detractors_count, 0) as detractors_count,
        responded.asked_count,
        responded.responded_count,
        watched.satisfied_count,
        watched.satisfied_returned_count,
        watched.dissatisfied_count,
        watched.dissatisfied_returned_count,
        watched.silent_count,
        watched.silent_returned_count
    from answered
    full outer join responded
        on answered.month = responded.month
        and answered.survey_kind = responded.survey_kind
        and answered.acquisition_channel = responded.acquisition_channel
    full outer join watched
        on coalesce(answered.month, responded.month) = watched.month
        and coalesce(answered.survey_kind, responded.survey_kind) = watched.survey_kind
        and coalesce(answered.acquisition_channel, responded.acquisition_channel) = watched.acquisition_channel

),

segmented as (

    select
        'all' as segment_kind,
        'all' as segment,
        cells.*
    from cells
    union all
    select
        'acquisition_channel' as segment_kind,
        acquisition_channel as segment,
        cells.*
    from cells

),

summed as (

    select
        month,
        survey_kind,
        segment_kind,
        segment,
        sum(promoters_count) as promoters_count,
        sum(passives_count) as passives_count,
        sum(detractors_count) as detractors_count,
        sum(promoters_count + passives_count + detractors_count) as answers_count,
        sum(asked_count) as asked_count,
        sum(responded_count) as responded_count,
        sum(satisfied_count) as satisfied_count,
        sum(satisfied_returned_count) as satisfied_returned_count,
        sum(dissatisfied_count) as dissatisfied_count,
        sum(dissatisfied_returned_count) as dissatisfied_returned_count,
        sum(silent_count) as silent_count,
        sum(silent_returned_count) as silent_returned_count
    from segmented
    group by month, survey_kind, segment_kind, segment

),

-- an NPS is a difference of two shares and has its own variance; a CSAT is one share
scored as (

    select
        summed.*,
        {{ as_ratio('promoters_count') }} / nullif(answers_count, 0)
        - case when survey_kind = 'nps' then {{ as_ratio('detractors_count') }} / nullif(answers_count, 0) else 0 end as score_rate,
        sqrt(
            greatest(
                {{ as_ratio('promoters_count + detractors_count') }} / nullif(answers_count, 0)
                - ({{ as_ratio('promoters_count - detractors_count') }} / nullif(answers_count, 0))
                * ({{ as_ratio('promoters_count - detractors_count') }} / nullif(answers_count, 0)),
                0
            ) / nullif({{ as_ratio('answers_count') }}, 0)
        ) as nps_standard_error,
        {{ add_days(add_months('summed.month', 1), 'clock.response_days - 1') }} <= clock.as_of as is_response_over
    from summed
    cross join clock

)

select
    month,
    survey_kind,
    segment_kind,
    segment,
    cast(answers_count as bigint) as answers_count,
    cast(promoters_count as bigint) as promoters_count,
    cast(passives_count as bigint) as passives_count,
    cast(detractors_count as bigint) as detractors_count,
    {{ to_nine_decimals('100 * score_rate') }} as score,
    case
        when survey_kind = 'csat' then 100 * {{ wilson_low('promoters_count', 'answers_count') }}
        when nps_standard_error > 0 then greatest(-100, {{ to_nine_decimals('100 * (score_rate - ' ~ z_95() ~ ' * nps_standard_error)') }})
    end as score_low,
    case
        when survey_kind = 'csat' then 100 * {{ wilson_high('promoters_count', 'answers_count') }}
        when nps_standard_error > 0 then least(100, {{ to_nine_decimals('100 * (score_rate + ' ~ z_95() ~ ' * nps_standard_error)') }})
    end as score_high,
    cast(case when is_response_over then asked_count end as bigint) as asked_count,
    case when is_response_over then {{ share('responded_count', 'asked_count') }} end as response_rate,
    cast(satisfied_count as bigint) as satisfied_count,
    {{ share('satisfied_returned_count', 'satisfied_count') }} as satisfied_repurchase_rate,
    {{ wilson_low('satisfied_returned_count', 'satisfied_count') }} as satisfied_repurchase_low_rate,
    {{ wilson_high('satisfied_returned_count', 'satisfied_count') }} as satisfied_repurchase_high_rate,
    cast(dissatisfied_count as bigint) as dissatisfied_count,
    {{ share('dissatisfied_returned_count', 'dissatisfied_count') }} as dissatisfied_repurchase_rate,
    {{ wilson_low('dissatisfied_returned_count', 'dissatisfied_count') }} as dissatisfied_repurchase_low_rate,
    {{ wilson_high('dissatisfied_returned_count', 'dissatisfied_count') }} as dissatisfied_repurchase_high_rate,
    cast(silent_count as bigint) as silent_count,
    {{ share('silent_returned_count', 'silent_count') }} as silent_repurchase_rate,
    {{ wilson_low('silent_returned_count', 'silent_count') }} as silent_repurchase_low_rate,
    {{ wilson_high('silent_returned_count', 'silent_count') }} as silent_repurchase_high_rate
from scored
