-- grain: contact and moment at which what it is merged into changed, first value included; only contacts that ever were merged
with

base as (

    select * from {{ ref('base_contacts') }}

),

-- of the earlier versions without a date none is known to have been true at any time
versions as (

    select
        contact_id,
        coalesce(updated_at, created_at) as changed_at,
        merged_into
    from base
    where row_status = 'accepted'
        or (row_status = 'superseded' and superseded_as = 'version' and updated_at is not null)

),

ever_merged as (

    select contact_id
    from versions
    where merged_into is not null
    group by contact_id

),

compared as (

    select
        versions.contact_id,
        versions.changed_at,
        versions.merged_into,
        lag(versions.merged_into) over (
            partition by versions.contact_id
            order by versions.changed_at asc nulls last
        ) as merged_into_before,
        row_number() over (
            partition by versions.contact_id
            order by versions.changed_at asc nulls last
        ) as version_no
    from versions
    inner join ever_merged
        on versions.contact_id = ever_merged.contact_id

)

select
    contact_id,
    changed_at,
    merged_into
from compared
where version_no = 1 or merged_into is distinct from merged_into_before
