-- grain: contact, as far as created by as_of, with what it is matched by
{{ config(meta={'cut_by_day': ['stg_contacts.created_at', 'stg_contacts.deleted_at', 'stg_contact_merges.changed_at']}) }}

with

contacts as (

    select
        *,
        {{ business_date('created_at') }} as created_on,
        {{ business_date('deleted_at') }} as deleted_on
    from {{ ref('stg_contacts') }}

),

phone_numbers as (

    select * from {{ source('identity', 'phone_numbers') }}

),

merges as (

    select
        *,
        {{ business_date('changed_at') }} as changed_on
    from {{ ref('stg_contact_merges') }}

),

merges_by_as_of as (

    select
        contact_id,
        merged_into,
        changed_on,
        row_number() over (partition by contact_id order by changed_at desc nulls last) as version_rank
    from merges
    where changed_on <= {{ as_of() }}

)

select
    contacts.contact_id,
    contacts.created_at,
    contacts.created_on,
    {{ email_key('contacts.email') }} as email_key,
    phone_numbers.e164 as phone_key,
    {{ name_key('contacts.first_name', 'contacts.last_name') }} as name_key,
    merges_by_as_of.merged_into,
    case when merges_by_as_of.merged_into is not null then merges_by_as_of.changed_on end as merged_on,
    case when contacts.deleted_on <= {{ as_of() }} then contacts.deleted_on end as closed_on
from contacts
left join phone_numbers
    on contacts.phone = phone_numbers.raw_phone
    and coalesce(contacts.country, '') = phone_numbers.country
left join merges_by_as_of
    on contacts.contact_id = merges_by_as_of.contact_id
    and merges_by_as_of.version_rank = 1
where contacts.created_on <= {{ as_of() }}
