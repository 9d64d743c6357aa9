-- grain: kind and identifier (e-mail address, phone number) that two contacts or more carry
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__latest') }}
    where decision = 'different'

),

carried as (

    select
        'email' as kind,
        email_key as identifier_key,
        contact_id,
        name_key
    from contacts
    where email_key is not null
    union all
    select
        'phone' as kind,
        phone_key as identifier_key,
        contact_id,
        name_key
    from contacts
    where phone_key is not null

),

repeated as (

    select
        kind,
        identifier_key
    from carried
    group by kind, identifier_key
    having count(*) > 1

),

names as (

    select
        carried.kind,
        carried.identifier_key,
        carried.name_key,
        count(*) as contacts_count
    from carried
    inner join repeated
        on carried.kind = repeated.kind
        and carried.identifier_key = repeated.identifier_key
    group by carried.kind, carried.identifier_key, carried.name_key

),

blocked as (

    select
        'email' as kind,
        here.email_key as identifier_key,
        max(case when here.name_key = there.name_key then 1 else 0 end) as same_names_count
    from decisions
    inner join contacts as here
        on decisions.contact_id = here.contact_id
    inner join contacts as there
        on decisions.other_contact_id = there.contact_id
        and here.email_key = there.email_key
    group by here.email_key
    union all
    select
        'phone' as kind,
        here.phone_key as identifier_key,
        max(case when here.name_key = there.name_key then 1 else 0 end) as same_names_count
    from decisions
    inner join contacts as here
        on decisions.contact_id = here.contact_id
    inner join contacts as there
        on decisions.other_contact_id = there.contact_id
        and here.phone_key = there.phone_key
    group by here.phone_key

),

counted as (

    select
        kind,
        identifier_key,
        sum(contacts_count) as contacts_count,
        count(name_key) as names_count,
        -- how many contacts the identifier would join to one: an e-mail of one name joins the nameless too
        case
            when kind = 'email' and count(name_key) <= 1 then sum(contacts_count)
            else max(contacts_count) filter (where name_key is not null)
        end as largest_group_count
    from names
    group by kind, identifier_key

)

select
    counted.kind,
    counted.identifier_key,
    cast(counted.contacts_count as bigint) as contacts_count,
    counted.names_count,
    coalesce(cast(counted.largest_group_count as bigint), 0) as largest_group_count,
    -- two names on one identifier, and a name and none beside others, are not joined by it anyway: a decision about them takes it from nobody
    coalesce(blocked.same_names_count > 0 or counted.names_count <= 1, false) and blocked.identifier_key is not null as is_blocked
from counted
left join blocked
    on counted.kind = blocked.kind
    and counted.identifier_key = blocked.identifier_key
