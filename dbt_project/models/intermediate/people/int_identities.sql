-- grain: source_ref, as a source wrote it (contact id or e-mail address)
with

contacts as (

    select * from {{ ref('int_contacts__merged') }}

),

-- an address that two surviving people share (a family, an office) names neither
addresses as (

    select
        email_key,
        min(person_id) as person_id
    from contacts
    where email_key is not null
    group by email_key
    having min(person_id) = max(person_id)

),

refs as (

    select contact_ref as source_ref from {{ ref('stg_orders') }}
    union
    select contact_ref as source_ref from {{ ref('stg_contact_events') }}
    where not {{ is_nobody('contact_ref') }}
    union
    select contact_ref as source_ref from {{ ref('stg_subscriptions') }}
    union
    select contact_ref as source_ref from {{ ref('stg_refunds') }}
    union
    select contact_id as source_ref from contacts

),

keyed as (

    select
        source_ref,
        {{ email_key('source_ref') }} as email_key
    from refs
    where trim(source_ref) <> ''

)

select
    keyed.source_ref,
    coalesce(
        contacts.person_id,
        addresses.person_id,
        case when keyed.email_key is not null then concat('email:', {{ keyed_hash('keyed.email_key') }}) end,
        keyed.source_ref
    ) as person_id,
    case
        when contacts.person_id is not null then 'contact'
        when addresses.person_id is not null then 'address'
        when keyed.email_key is not null then 'unknown_address'
        else 'unknown_contact'
    end as matched_by
from keyed
left join contacts
    on keyed.source_ref = contacts.contact_id
left join addresses
    on keyed.email_key = addresses.email_key
