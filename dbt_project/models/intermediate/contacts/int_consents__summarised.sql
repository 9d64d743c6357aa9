-- grain: person of whom a source ever said whether they consent, by as_of
{{ config(meta={'cut_by_day': ['stg_consents.changed_at']}) }}

with

consents as (

    select * from {{ ref('stg_consents') }}

),

merged as (

    select * from {{ ref('int_contacts__merged') }}

),

said as (

    select
        merged.person_id,
        concat(
            coalesce(nullif(lower(trim(consents.channel)), ''), 'any channel'),
            ': ',
            coalesce(nullif(lower(trim(consents.purpose)), ''), 'any purpose')
        ) as consent,
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
            partition by person_id, consent
            order by changed_at desc nulls last, granted asc nulls first
        ) as place
    from said

)

select
    person_id,
    {{ joined_texts('consent', 'granted') }} as consents_granted,
    {{ joined_texts('consent', 'not coalesce(granted, false)') }} as consents_withdrawn,
    max(changed_at) as consent_changed_at
from ranked
where place = 1
group by person_id
