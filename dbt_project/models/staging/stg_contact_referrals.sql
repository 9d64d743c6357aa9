-- grain: contact and sound version of it: whom it says it was referred by, and the code it was given to refer others with, from when on;
-- only contacts that ever said either
with

base as (

    select * from {{ ref('base_contacts') }}

),

sound as (

    select
        contact_id,
        updated_at,
        coalesce(updated_at, created_at) as stated_at,
        nullif(trim(referred_by), '') as referred_by,
        nullif(trim(referral_code), '') as referral_code,
        row_status = 'accepted' as is_last,
        _system
    from base
    where row_status = 'accepted'
        or (row_status = 'superseded' and superseded_as = 'version')

),

-- the oldest version, or each of several without a date, whose order nobody knows
numbered as (

    select
        *,
        rank() over (partition by contact_id order by updated_at asc nulls first) = 1 as is_first
    from sound

),

-- a name that an earlier version did not bear was not there from the beginning
compared as (

    select
        *,
        referred_by is not null
        and bool_or(is_first) over (partition by contact_id, referred_by) as is_named_at_first
    from numbered

),

-- of the earlier versions without a date none is known to have been true at any time
versions as (

    select *
    from compared
    where is_last or updated_at is not null

),

spoken as (

    select contact_id
    from versions
    where referred_by is not null or referral_code is not null
    group by contact_id

)

select
    versions.contact_id,
    versions.stated_at,
    row_number() over (
        partition by versions.contact_id
        order by versions.is_last asc nulls last, versions.stated_at asc nulls last
    ) as version_no,
    versions.referred_by,
    versions.is_named_at_first,
    versions.referral_code,
    versions._system
from versions
inner join spoken
    on versions.contact_id = spoken.contact_id
