-- grain: person of whom a source ever said whether they consent, or who unsubscribed, by as_of
{{ config(meta={'cut_by_day': ['stg_consents.changed_at']}) }}

with

consents as (

    select * from {{ ref('stg_consents') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

unsubscriptions as (

    select
        person_id,
        coalesce(nullif(lower(trim(channel)), ''), 'any channel') as channel,
        max(occurred_at) as unsubscribed_at
    from {{ ref('int_contact_events__identified') }}
    where kind = 'unsubscribed' and is_suspect is not true and person_id not like 'guest-event:%'
    group by 1, 2

),

said as (

    select
        merged.person_id,
        coalesce(nullif(lower(trim(consents.channel)), ''), 'any channel') as channel,
        coalesce(nullif(lower(trim(consents.purpose)), ''), 'any purpose') as purpose,
        consents.granted,
        consents.changed_at
    from consents
    inner join merged
        on consents.contact_id = merged.contact_id
    where {{ business_date('consents.changed_at') }} <= {{ as_of() }}

),

-- the last word counts, of whichever of the person's contacts; said both ways at one moment, it is a no
ranked as (

    select
        *,
        row_number() over (
            partition by person_id, channel, purpose
            order by changed_at desc nulls last, granted asc nulls first
        ) as place
    from said

),

-- whoever unsubscribes takes back what was granted for the channel until then, whatever for
stood as (

    select
        coalesce(ranked.person_id, unsubscriptions.person_id) as person_id,
        concat(coalesce(ranked.channel, unsubscriptions.channel), ': ', coalesce(ranked.purpose, 'any purpose')) as consent,
        coalesce(ranked.granted, false)
        and (unsubscriptions.unsubscribed_at is null or unsubscriptions.unsubscribed_at < ranked.changed_at) as is_granted,
        case
            when ranked.changed_at is null or unsubscriptions.unsubscribed_at > ranked.changed_at then unsubscriptions.unsubscribed_at
            else ranked.changed_at
        end as changed_at
    from (select * from ranked where place = 1) as ranked
    full outer join unsubscriptions
        on ranked.person_id = unsubscriptions.person_id
        and ranked.channel = unsubscriptions.channel

)

select
    person_id,
    {{ joined_texts('consent', 'is_granted') }} as consents_granted,
    {{ joined_texts('consent', 'not is_granted') }} as consents_withdrawn,
    max(changed_at) as consent_changed_at
from stood
group by person_id
